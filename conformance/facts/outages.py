"""Outages: times without a successful response, with the calls in them and the verbs that needed Adobe Pass."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from pass_harness.mock_server.exchange import Exchange

KEPT_IDS = 10


@dataclass
class Outage:
    """An outage since its first failed call. Times are counted in tenths of a second, which bounds the memory."""

    began: float
    latest: tuple[int, ...] = ()
    """Ids of the latest failed calls."""
    _calls: Counter[int] = field(default_factory=Counter)
    _verbs: Counter[int] = field(default_factory=Counter)
    _devices: dict[str, int] = field(default_factory=dict)
    """Time of the latest call of each device or, without one, of each address."""

    def failed(self, exchange: Exchange) -> None:
        tenth = self._tenth(exchange.wall)
        self._calls[tenth] += 1
        self._devices[exchange.device or exchange.ip] = tenth
        self.latest = (*self.latest, exchange.id)[-KEPT_IDS:]

    def asked(self, moment: float) -> None:
        """Add a verb that needs Adobe Pass."""
        self._verbs[self._tenth(moment)] += 1

    def calls(self, start: float, end: float) -> int:
        """Return the number of calls between two times, in seconds since the beginning."""
        return _between(self._calls, start, end)

    def verbs(self, start: float, end: float) -> int:
        """Return the number of verbs between two times, in seconds since the beginning."""
        return _between(self._verbs, start, end)

    def devices(self, start: float) -> int:
        """Return the number of devices with a call after a time."""
        return sum(tenth >= start * 10 for tenth in self._devices.values())

    def _tenth(self, moment: float) -> int:
        return int((moment - self.began) * 10)


def _between(counts: Counter[int], start: float, end: float) -> int:
    return sum(count for tenth, count in counts.items() if start * 10 <= tenth < end * 10)
