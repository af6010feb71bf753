"""X-Forwarded-For begins with the streaming device's IP address."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

from pass_harness.conformance.bounded import Bounded
from pass_harness.conformance.facts.exchanges import NEEDS_TOKEN
from pass_harness.conformance.facts.headers import forwarded_for
from pass_harness.conformance.facts.sessions import KEPT_CODES
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import HELD, Broken, Expectations, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Fault, Rule, Severity
from pass_harness.mock_server.exchange import Exchange

WAIT_FOR_VERB_S = 60.0
"""Seconds to wait for a verb from the address before the exchange is judged."""
MAX_LOOKUPS = 2
"""Number of times that a second screen may look up its own code, before and after the login. More is polling."""


class _Unnamed(NamedTuple):
    """An exchange for an address that no verb has used yet."""

    address: str
    wall: float
    id: int
    device: str | None


class ForwardedFor(Rule):
    card = Card(
        id="headers.forwarded-for",
        title="X-Forwarded-For begins with the streaming device's IP address",
        severity=Severity.MUST,
        requirement="The service sends the device's IP address with each call in X-Forwarded-For. Adobe Pass "
        "throttles calls by this address.",
        breaks="All viewers share one allowance of one request per second: an event ends in HTTP 429 for every "
        "viewer.",
        remedy="Put the IP address of the app's connection first in X-Forwarded-For, in background calls too.",
        kinds=("absent", "not-an-address", "no-device"),
        citations=(citations.COOKBOOK_REQUIREMENTS, citations.THROTTLING_LIMITS),
        needs=frozenset({"start"}),
        judges_app=True,
    )
    judges_without_verbs = True

    def __init__(self, expectations: Expectations) -> None:
        super().__init__(expectations)
        self._devices: Bounded[str, str] = Bounded()
        """Device of each address that verbs came from."""
        self._unnamed: deque[_Unnamed] = deque(maxlen=10_000)
        self._lookups: Bounded[tuple[str | None, str], int] = Bounded(KEPT_CODES)
        """Number of lookups of each code from each address other than its device's."""

    def observe(self, seen: Observation) -> Iterator[Outcome]:
        while self._unnamed and self.facts.now_s - self._unnamed[0].wall > WAIT_FOR_VERB_S:
            if (outcome := self._late(self._unnamed.popleft())) is not None:
                yield outcome
        if isinstance(seen, VerbCall):
            if seen.ip and self._devices.get(seen.ip) is None:
                self._devices.put(seen.ip, seen.device)
            return
        if seen.endpoint not in NEEDS_TOKEN:
            return
        address = forwarded_for(seen)
        if address is None:
            sent = seen.request_headers.get("x-forwarded-for")
            fault = (
                Fault("not-an-address", f"X-Forwarded-For: {sent}") if sent else Fault("absent", "no X-Forwarded-For")
            )
            yield self._wrong(seen, fault)
        elif self._devices.get(address) is not None:
            yield HELD
        elif self.facts.driven and not self._of_second_screen(seen, address) and not self._from_before(seen):
            self._unnamed.append(_Unnamed(address, seen.wall, seen.id, seen.device))

    def finish(self) -> Iterator[Outcome]:
        yield from (outcome for unnamed in self._unnamed if (outcome := self._late(unnamed)) is not None)

    def _late(self, unnamed: _Unnamed) -> Outcome | None:
        if self._devices.get(unnamed.address) is not None:
            return HELD
        fault = Fault("no-device", f"{unnamed.address}, which is not the address of any device")
        return self._wrong(unnamed, fault) if self._devices else None

    def _of_second_screen(self, exchange: Exchange, address: str) -> bool:
        """Return whether a web page on a second screen may have caused the call, from any address."""
        if exchange.endpoint != "profiles.code":
            return exchange.endpoint in {"sessions.retrieve", "sessions.resume"}
        if self.facts.sessions.polled is not None:
            return False
        lookups = (self._lookups.get((exchange.code, address)) or 0) + 1
        self._lookups.put((exchange.code, address), lookups)
        return lookups <= MAX_LOOKUPS

    def _from_before(self, exchange: Exchange) -> bool:
        """Return whether the call polls a code whose session began before the trace."""
        return exchange.endpoint == "profiles.code" and self.facts.sessions.get(exchange.code) is None

    def _wrong(self, exchange: Exchange | _Unnamed, fault: Fault) -> Broken:
        return Broken(
            kind=fault.kind,
            exchanges=(exchange.id,),
            device=exchange.device,
            expected="the streaming device's address first in X-Forwarded-For",
            observed=fault.observed,
        )
