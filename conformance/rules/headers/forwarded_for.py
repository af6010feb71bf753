"""Every call says for which address it is made."""

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

PATIENCE = 60.0
"""Seconds within which a verb of the device should have named its address."""
LOOK_UPS = 2
"""So often a second screen may look its own code up, before and after the login. Whoever asks on is polling."""


class _Unnamed(NamedTuple):
    """An exchange for an address that no verb has named yet, in brief."""

    address: str
    wall: float
    id: int
    device: str | None


class ForwardedFor(Rule):
    card = Card(
        id="headers.forwarded-for",
        title="X-Forwarded-For begins with the streaming device's address",
        severity=Severity.MUST,
        requirement="Servers send the device's address with each call in X-Forwarded-For. Calls are throttled by it.",
        breaks="All viewers share one allowance of a request per second: an event ends in HTTP 429 for everyone.",
        remedy="Put the address of the app's connection first in X-Forwarded-For, in background calls too.",
        kinds=("absent", "not-an-address", "no-device"),
        citations=(citations.COOKBOOK_REQUIREMENTS, citations.THROTTLING_LIMITS),
        needs=frozenset({"start"}),
        judges_app=True,
    )
    judges_without_verbs = True

    def __init__(self, expectations: Expectations) -> None:
        super().__init__(expectations)
        self._devices: Bounded[str, str] = Bounded()
        """The device of each address that verbs came from."""
        self._unnamed: deque[_Unnamed] = deque(maxlen=10_000)
        self._looked_up: Bounded[tuple[str | None, str], int] = Bounded(KEPT_CODES)
        """How often each code was asked about from each address that is not its device's."""

    def observe(self, seen: Observation) -> Iterator[Outcome]:
        while self._unnamed and self.facts.now_s - self._unnamed[0].wall > PATIENCE:
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
        fault = Fault("no-device", f"{unnamed.address}, which is no device's")
        return self._wrong(unnamed, fault) if self._devices else None

    def _of_second_screen(self, exchange: Exchange, address: str) -> bool:
        """What a web page may ask for with a typed code, from wherever it was typed."""
        if exchange.endpoint != "profiles.code":
            return exchange.endpoint in {"sessions.retrieve", "sessions.resume"}
        if self.facts.sessions.polled is not None:
            return False
        look_ups = (self._looked_up.get((exchange.code, address)) or 0) + 1
        self._looked_up.put((exchange.code, address), look_ups)
        return look_ups <= LOOK_UPS

    def _from_before(self, exchange: Exchange) -> bool:
        """A poll for a login that began before anybody watched: its device asked for nothing since."""
        return exchange.endpoint == "profiles.code" and self.facts.sessions.get(exchange.code) is None

    def _wrong(self, exchange: Exchange | _Unnamed, fault: Fault) -> Broken:
        return Broken(
            kind=fault.kind,
            exchanges=(exchange.id,),
            device=exchange.device,
            expected="the streaming device's address first in X-Forwarded-For",
            observed=fault.observed,
        )
