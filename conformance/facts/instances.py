"""The number of running instances of a service, as configured or as the use of its access tokens shows it.

Each instance may hold an access token of its own, and caches in its memory. Two valid tokens of one client that
requests for the same devices carry by turns are held by two instances. The second token of a service that forgot the
first one replaces it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from pass_harness.conformance.bounded import Bounded
from pass_harness.conformance.facts.tokens import Token
from pass_harness.conformance.outcomes import HELD, NOTHING, Broken, Outcome

TURNS = 2
"""Requests with an older token after the first one with a newer token, at least: the first of them may have been in
progress when the newer token arrived."""
KEPT_DEVICES = 8
ENOUGH = 16
"""Number of later requests that show whether a second token is used beside the first one, by another instance."""


@dataclass(slots=True)
class _Uses:
    """The tokens of a client since the first request with its newest one."""

    newest: Token
    devices: set[str] = field(default_factory=set)
    """Devices of the requests with the newest token."""
    older: dict[str, list[str]] = field(default_factory=dict)
    """Devices of the requests with each older token since then."""


@dataclass
class Instances:
    """The number of instances; it only grows."""

    number: int = 1
    learns: bool = False
    """Whether the traffic may show more than the configured number: without a configuration, nobody gave one."""
    requests: int = 0
    """Number of requests so far."""
    _by_client: Bounded[str, _Uses] = field(default_factory=Bounded)

    def observe(self, sent: Token | None, device: str | None) -> None:
        """Process a request for a device with an access token."""
        if not self.learns or sent is None or not device:
            return
        self.requests += 1
        uses = self._by_client.get(sent.client)
        if uses is None or sent.issued.wall > uses.newest.issued.wall:
            uses = _Uses(sent)
            self._by_client.put(sent.client, uses)
        if sent is uses.newest:
            if len(uses.devices) < KEPT_DEVICES:
                uses.devices.add(device)
            return
        turns = uses.older.setdefault(sent.value, [])
        if len(turns) < KEPT_DEVICES:
            turns.append(device)
            self.number = max(self.number, 1 + sum(_is_instance(one, uses.devices) for one in uses.older.values()))


def _is_instance(turns: list[str], devices_of_newest: set[str]) -> bool:
    """Return whether an older token is in use beside the newest one, by a caller that serves several devices."""
    several = len(devices_of_newest.union(turns)) > 1
    both_shared = len(set(turns)) > 1 and len(devices_of_newest) > 1
    return len(turns) >= TURNS and several and (both_shared or not devices_of_newest.isdisjoint(turns))


@dataclass(slots=True)
class _Doubt:
    broken: Broken
    instances: int
    due: int
    """Number of requests at which it is settled."""


@dataclass
class Doubts:
    """Findings that are none if the service has enough instances, until its requests show how many it has."""

    instances: Instances
    _doubts: deque[_Doubt] = field(default_factory=deque)

    def add(self, broken: Broken, instances: int) -> Sequence[Outcome]:
        """Return the finding, or keep it until it is known whether there are so many ``instances``."""
        if not self.instances.learns:
            return [broken]
        self._doubts.append(_Doubt(broken, instances, self.instances.requests + ENOUGH))
        return NOTHING

    def passed(self) -> Sequence[Outcome]:
        """Return the outcomes of the findings that enough requests have followed."""
        if not self._doubts:
            return NOTHING
        over: list[Outcome] = []
        while self._doubts and self._doubts[0].due <= self.instances.requests:
            over.append(self._outcome(self._doubts.popleft()))
        return over

    def finish(self) -> Iterator[Outcome]:
        while self._doubts:
            yield self._outcome(self._doubts.popleft())

    def _outcome(self, doubt: _Doubt) -> Outcome:
        return HELD if self.instances.number >= doubt.instances else doubt.broken
