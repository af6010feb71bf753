"""The exchanges that a trace of the mock lacks: the ids of a space are consecutive."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from pass_harness.mock_server.exchange import Exchange

MOST_SPACES = 10_000
"""Number of spaces whose ids are counted: a mock has fewer."""


@dataclass(slots=True)
class _Ids:
    first: int
    last: int
    count: int = 1

    @property
    def missing(self) -> int:
        return max(self.last - self.first + 1 - self.count, 0)


@dataclass
class MissingIds:
    """Counts the ids that are missing between the first and the last one of each space.

    A few exchanges may be out of order, because several processes write. Ids that come again are those of a mock that
    was restarted.
    """

    restarted: Callable[[str, float], None] = lambda _space, _wall: None
    """Receives each space whose ids come again, and the arrival of the first such exchange."""
    _spaces: dict[str, _Ids] = field(default_factory=dict)

    @property
    def total(self) -> int:
        return sum(ids.missing for ids in self._spaces.values())

    def counted(self, exchanges: Iterable[Exchange]) -> Iterator[Exchange]:
        """Yield the exchanges of a file in its order, and count."""
        for exchange in exchanges:
            self._add(exchange.space, exchange.id, exchange.wall)
            yield exchange

    def _add(self, space: str, number: int, wall: float) -> None:
        ids = self._spaces.get(space)
        if ids is None:
            if len(self._spaces) < MOST_SPACES:
                self._spaces[space] = _Ids(number, number)
            return
        ids.first, ids.last = min(ids.first, number), max(ids.last, number)
        ids.count += 1
        if ids.count > ids.last - ids.first + 1:
            self._spaces[space] = _Ids(number, number)
            self.restarted(space, wall)
