"""Polls of authentication codes, apart from the look-ups of a second screen.

A request for a code is a poll, whatever address it bears. A second screen may look its code up too: rarely, and with
traits that differ from the poller's. More requests than that poll the code.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from pass_harness.conformance.bounded import Bounded
from pass_harness.conformance.facts.exchanges import DECISIONS, allows_retry, brief, profiles
from pass_harness.conformance.facts.sessions import KEPT_CODES, Sessions
from pass_harness.conformance.facts.sources import Source, source_of
from pass_harness.mock_server.exchange import Exchange

MAX_LOOKUPS = 2
"""Number of look-ups of a code by a second screen, at most, before the login and again after it."""
KEPT_POLLS = 8
"""Number of polls of a code that are kept until its login."""
USUAL_INTERVAL_S = 5.0
"""Interval of a poller whose own interval is not known yet: the longest that Adobe names."""
LONGEST_INTERVAL_S = 60.0
"""A longer pause between two polls is not the interval of a poller."""
SCREEN_S = 2.0
"""Seconds between a look-up and another request of the second screen that caused it."""
SECOND_SCREEN = frozenset({"sessions.retrieve", "sessions.resume", "authenticate"})
"""Endpoints that a second screen, or the browser on it, calls with the code."""


@dataclass(slots=True)
class PollSeries:
    """The requests for one code."""

    home: Source | None
    """Source of the request that created the session."""
    expires_s: float
    poller: Source | None = None
    counts_all: bool = False
    """Whether every request counts as a poll, because there were too many for look-ups."""
    lookups: int = 0
    """Number of look-ups since the creation of the session or the login."""
    polls: tuple[Exchange, ...] = ()
    """Latest polls before the login, or the latest one after it; oldest first."""
    others: tuple[Exchange, ...] = ()
    """The requests that were taken for look-ups."""
    first: Exchange | None = None
    """The first poll."""
    interval_s: float = 0.0
    """Longest interval of the poller so far, in seconds; 0 if unknown."""
    over: bool = False
    """Whether a response contained a profile: the viewer has logged in."""
    screen_s: float = float("-inf")
    """Time of the second screen's latest other request with the code."""


@dataclass
class Polls:
    """The polls of all codes, and the part of the current exchange in them."""

    sessions: Sessions
    code: str | None = None
    """Code that the current exchange polls; None for a look-up and any other exchange."""
    recounted: bool = False
    """Whether the current poll showed which of the earlier requests for its code were polls."""
    usual_interval_s: float = USUAL_INTERVAL_S
    """Interval of the latest poller that showed one."""
    _by_code: Bounded[str, PollSeries] = field(default_factory=lambda: Bounded(KEPT_CODES))
    _decided: Bounded[str, float] = field(default_factory=lambda: Bounded(KEPT_CODES))
    """Time of each device's latest decisions request."""

    def observe(self, exchange: Exchange) -> None:
        """Process an exchange and make it the current one."""
        self.code, self.recounted = None, False
        if self.sessions.reissued is not None:
            self._by_code.pop(self.sessions.reissued)
        if exchange.endpoint == "profiles.code":
            if exchange.code:
                self._requested(exchange.code, exchange)
        elif exchange.endpoint in DECISIONS:
            self._decided.put(exchange.device or exchange.ip, exchange.wall)
        elif exchange.endpoint in SECOND_SCREEN and exchange.code:
            self._series(exchange.code).screen_s = exchange.wall

    def polls(self, code: str) -> Sequence[Exchange]:
        """Return the latest polls of a code before the login, or the latest one after it; oldest first."""
        series = self._by_code.get(code)
        return series.polls if series is not None else ()

    def is_near_second_screen(self, exchange: Exchange) -> bool:
        """Return whether a second screen has just made another request with the code of the exchange."""
        series = self._by_code.get(str(exchange.code))
        return series is not None and exchange.wall - series.screen_s <= SCREEN_S

    def first(self, code: str) -> Exchange | None:
        """Return the first poll of a code."""
        series = self._by_code.get(code)
        return series.first if series is not None else None

    def requests(self, code: str) -> list[Exchange]:
        """Return the latest requests for a code, polls and look-ups."""
        series = self._by_code.get(code)
        return sorted((*series.polls, *series.others), key=_arrival) if series is not None else []

    def is_over(self, code: str) -> bool:
        """Return whether a response for the code contained a profile."""
        series = self._by_code.get(code)
        return series is not None and series.over

    def interval_s(self, code: str) -> float:
        """Return the interval of the code's poller, or that of another code's as long as it is unknown."""
        series = self._by_code.get(code)
        return series.interval_s if series is not None and series.interval_s else self.usual_interval_s

    def decided_since(self, exchange: Exchange, since: float) -> bool:
        """Return whether a decisions request of the exchange's device has come since a time."""
        decided = self._decided.get(exchange.device or exchange.ip)
        return decided is not None and decided > since

    def _series(self, code: str) -> PollSeries:
        series = self._by_code.get(code)
        if series is None:
            session = self.sessions.get(code)
            series = PollSeries(session.source, session.expires_s) if session else PollSeries(None, float("inf"))
            self._by_code.put(code, series)
        return series

    def _requested(self, code: str, seen: Exchange) -> None:
        series = self._series(code)
        if series.over:
            series.polls = ()
        if self._is_poll(series, source_of(seen)) or (series.poller is None and self._brings_login(series, seen)):
            self.code = code
            self._count(series, brief(seen))
        else:
            series.others = (*series.others, brief(seen))
        if not series.over and profiles(seen):
            series.over = True
            series.lookups, series.others = 0, ()

    def _is_poll(self, series: PollSeries, source: Source) -> bool:
        if series.counts_all or source == series.poller:
            return True
        home = series.home
        if series.poller is None:
            if home is None or source.ip == home.ip:
                series.poller = source
                return True
        elif home is not None and source.may_be(home) and not series.poller.may_be(home):
            # The first requests came from another screen in the same home.
            series.poller = source
            self.recounted = True
            series.others, series.polls = (*series.others, *series.polls), ()
            series.first = None
            return True
        series.lookups += 1
        return series.lookups > MAX_LOOKUPS and self._count_all(series)

    def _brings_login(self, series: PollSeries, seen: Exchange) -> bool:
        """Return whether the request ends a login for which nobody else polled: its sender is the poller."""
        return bool(profiles(seen)) and not series.over and self._count_all(series)

    def _count_all(self, series: PollSeries) -> bool:
        series.counts_all = self.recounted = True
        if series.others and not series.over:
            series.polls = tuple(sorted((*series.polls, *series.others), key=_arrival))
            series.first = min(series.first or series.polls[0], series.polls[0], key=_arrival)
        return True

    def _count(self, series: PollSeries, seen: Exchange) -> None:
        if series.first is None:
            series.first = seen
        latest = series.polls[-1] if series.polls else None
        series.polls = (*series.polls, seen)[-KEPT_POLLS:]
        if latest is None or series.over or seen.wall > series.expires_s or allows_retry(latest):
            return
        apart = seen.wall - latest.wall
        if series.interval_s < apart <= LONGEST_INTERVAL_S:
            series.interval_s = self.usual_interval_s = apart


def _arrival(exchange: Exchange) -> float:
    return exchange.wall
