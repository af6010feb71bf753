"""The calls of a device, and Adobe's rate limit for them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pass_harness.mock_server.exchange import Exchange

BURST, RATE = 11, 1.0
"""Calls that pass at once, and calls per second after them."""
KEPT_IDS = 10


@dataclass(slots=True)
class DeviceCalls:
    """Numbers of calls and of throttled ones. ``device`` is None for calls without one, such as polls."""

    device: str | None
    began_s: float = 0.0
    ended_s: float = 0.0
    all: int = 0
    throttled: int = 0
    examples: tuple[int, ...] = ()
    """Ids of the first throttled calls."""

    def add(self, exchange: Exchange) -> None:
        if not self.all:
            self.began_s = exchange.wall
        self.all += 1
        self.ended_s = exchange.wall
        if exchange.status == 429:
            self.throttled += 1
            self.examples = (*self.examples, exchange.id)[:KEPT_IDS]

    @property
    def is_within_limit(self) -> bool:
        """Whether these calls alone need not have been throttled."""
        return self.all <= BURST + RATE * (self.ended_s - self.began_s)


def together(calls: Iterable[DeviceCalls]) -> DeviceCalls:
    """Return the sum of the calls, with the first device."""
    parts = list(calls)
    return DeviceCalls(
        device=parts[0].device if parts else None,
        all=sum(part.all for part in parts),
        throttled=sum(part.throttled for part in parts),
        examples=tuple(id_ for part in parts for id_ in part.examples)[:KEPT_IDS],
    )
