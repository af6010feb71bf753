"""The lives of a space in a trace of the mock: a reset, or a restart of a mock without a store, begins another one.

In a new life, the mock has forgotten clients, codes and profiles, and a test may have started the service anew. Each
life is therefore judged by itself, as the live rules do, under a name of its own.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from dataclasses import dataclass, field

import msgspec

from pass_harness.mock_server.exchange import Exchange


def in_life(exchange: Exchange, number: int) -> Exchange:
    """Return the exchange with the name of a life of its space; 0 is the first one."""
    # Names of spaces have no blank.
    return msgspec.structs.replace(exchange, space=f"{exchange.space} {number + 1}") if number else exchange


@dataclass
class Lives:
    """The times at which new lives began, by space."""

    _begun: dict[str, list[float]] = field(default_factory=dict)

    def begin(self, space: str, wall: float) -> None:
        """Begin another life of a space, with the exchanges that arrive at ``wall`` or later."""
        insort(self._begun.setdefault(space, []), wall)

    def told_apart(self, exchange: Exchange) -> Exchange:
        """Return the exchange in its life."""
        begun = self._begun.get(exchange.space) if self._begun else None
        return in_life(exchange, bisect_right(begun, exchange.wall)) if begun else exchange
