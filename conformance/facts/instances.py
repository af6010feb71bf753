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
from pass_harness.conformance.facts.headers import peer_host
from pass_harness.conformance.facts.tokens import Token
from pass_harness.conformance.outcomes import HELD, NOTHING, Broken, Outcome
from pass_harness.mock_server.exchange import Exchange

TURNS = 2
"""Requests with an older token after the first one with a newer token, at least."""
IN_PROGRESS_S = 1.0
"""Seconds after the first request with a newer token in which others may have been in progress with an older one."""
KEPT_DEVICES = 8
ENOUGH = 16
"""Number of later requests, for each of the instances in question, that show whether a token is used beside the
others, by another instance."""
MOST_IN_USE = 50


@dataclass(slots=True)
class _Uses:
    """The tokens of a client since the first request with its newest one."""

    newest: Token
    since_s: float
    """Arrival of that request."""
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
    """Number of requests so far that may show instances."""
    in_use: int = 1
    """Number of tokens of a client that are in use by turns with its newest one, at most so far, and that one."""
    _addresses: set[str] = field(default_factory=set)
    """Up to `MOST_IN_USE` of the hosts that requests came from."""
    _by_client: Bounded[str, _Uses] = field(default_factory=Bounded)

    @property
    def addresses(self) -> int:
        """The number of hosts among which the instances are distributed."""
        return max(1, len(self._addresses))

    def at_each_address(self) -> int:
        """Return the number of instances at each host that requests came from, one at least."""
        return -(-self.number // self.addresses)

    def observe(self, sent: Token | None, seen: Exchange) -> None:
        """Process a request for a device with an access token."""
        device, at_s = seen.device, seen.wall
        if not self.learns or sent is None or not device:
            return
        if len(self._addresses) < MOST_IN_USE:
            self._addresses.add(peer_host(seen))
        uses = self._by_client.get(sent.client)
        if uses is None or sent.issued.wall > uses.newest.issued.wall:
            # The first request of each of several instances that started together shows nothing.
            self.requests += uses is None or sent.issued.wall >= uses.since_s
            self._by_client.put(sent.client, _Uses(sent, at_s, {device}))
        elif sent is uses.newest:
            self.requests += 1
            if len(uses.devices) < KEPT_DEVICES:
                uses.devices.add(device)
        elif at_s - uses.since_s >= IN_PROGRESS_S:
            self.requests += 1
            self._use_older(uses, sent, device)

    def _use_older(self, uses: _Uses, sent: Token, device: str) -> None:
        turns = uses.older.setdefault(sent.value, [])
        if len(turns) < KEPT_DEVICES:
            turns.append(device)
            self.in_use = max(self.in_use, min(1 + len(uses.older), MOST_IN_USE))
            self.number = max(self.number, 1 + sum(_is_instance(one, uses.devices) for one in uses.older.values()))


def _is_instance(turns: list[str], devices_of_newest: set[str]) -> bool:
    """Return whether an older token is in use beside the newest one, by a caller that serves several devices."""
    several = len(devices_of_newest.union(turns)) > 1
    shared = len(set(turns)) > 1
    return len(turns) >= TURNS and several and (shared or not devices_of_newest.isdisjoint(turns))


@dataclass(slots=True)
class _Doubt:
    broken: Broken
    instances: int
    at: int
    """Number of such requests before it."""


@dataclass
class Doubts:
    """Findings that are none if the service has enough instances, until its requests show how many it has."""

    instances: Instances
    _doubts: deque[_Doubt] = field(default_factory=deque)
    _most: int = 1
    """Maximum number of instances in question."""

    def add(self, broken: Broken, instances: int) -> Sequence[Outcome]:
        """Return the finding, or keep it until it is known whether there are so many ``instances``."""
        if not self.instances.learns:
            return [broken]
        self._doubts.append(_Doubt(broken, instances, self.instances.requests))
        self._most = max(self._most, instances)
        return NOTHING

    def passed(self) -> Sequence[Outcome]:
        """Return the outcomes of the findings that enough requests have followed."""
        if not self._doubts:
            return NOTHING
        before = self.instances.requests - ENOUGH * max(self._most, self.instances.in_use)
        over: list[Outcome] = []
        while self._doubts and self._doubts[0].at <= before:
            over.append(self._outcome(self._doubts.popleft()))
        return over

    def finish(self) -> Iterator[Outcome]:
        while self._doubts:
            yield self._outcome(self._doubts.popleft())

    def _outcome(self, doubt: _Doubt) -> Outcome:
        return HELD if self.instances.number >= doubt.instances else doubt.broken
