"""X-Forwarded-For begins with the streaming device's IP address."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator

from pass_harness.conformance.facts.addresses import ContradictedAddresses, SecondScreens
from pass_harness.conformance.facts.devices import MOST_OWNERS
from pass_harness.conformance.facts.exchanges import DCR, NEEDS_TOKEN, brief
from pass_harness.conformance.facts.headers import forwarded_for, peer_address
from pass_harness.conformance.facts.nameless_requests import KEPT_S, NamelessRequests, names_no_device
from pass_harness.conformance.facts.shared_facts import SharedFacts
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import NOTHING, ONE_HELD, TIMELESS, Broken, Expectations, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import SERVERS_ONLY, Card, Fault, Grade, Rule
from pass_harness.mock_server.exchange import Exchange

NONE = "no X-Forwarded-For"
_BY_TIME = 0.0  # a lag may have put a request that names no device into a verb that did not cause it


class ForwardedFor(Rule):
    card = Card(
        id="headers.forwarded-for",
        title="X-Forwarded-For begins with the streaming device's IP address",
        grade=Grade.MUST,
        requirement="The service sends the device's IP address in X-Forwarded-For with each call that a device "
        "causes, registration and token requests included. Adobe Pass throttles calls by this address.",
        breaks="All viewers share one allowance of one request per second: an event ends in HTTP 429 for every "
        "viewer.",
        remedy="Put the IP address of the app's connection first, in background calls and on /o/client/* too.",
        kinds=("absent", "not-an-address", "no-device", "another-device", "other-than-connection-ip"),
        citations=(citations.COOKBOOK_REQUIREMENTS, citations.THROTTLING_LIMITS),
        needs=frozenset({"start"}),
        judges_app=True,
        architectures=SERVERS_ONLY,
    )
    judges_without_verbs = True
    watches = NEEDS_TOKEN | DCR

    def __init__(self, expectations: Expectations, facts: SharedFacts) -> None:
        super().__init__(expectations, facts)
        self._nameless = NamelessRequests(facts.devices, at_least=max(3, 2 * expectations.instances))
        self._screens = SecondScreens(facts.sessions)
        self._contradicted = ContradictedAddresses(facts.polls)
        self._unnamed: deque[tuple[str, Exchange]] = deque(maxlen=10_000)
        """Exchanges for an address that no verb has used yet, judged after `KEPT_S`."""
        self._met_devices = False

    def observe(self, seen: Observation) -> Iterable[Outcome]:
        late = self._late(self.facts.now_s - KEPT_S) if self._unnamed else ()
        if not isinstance(seen, VerbCall):
            return (*late, *self._judge(seen)) if late else self._judge(seen)
        self._met_devices = self._met_devices or bool(seen.ip)
        return (*late, *self._registrations(self._nameless.shown_by(seen)))

    def finish(self) -> Iterator[Outcome]:
        yield from (*self._late(float("inf")), *self._registrations(self._nameless.remaining()))

    def _late(self, before_s: float) -> Iterator[Outcome]:
        while self._unnamed and self._unnamed[0][1].wall < before_s:
            address, exchange = self._unnamed.popleft()
            yield from self._of_address(exchange, address)

    def _judge(self, exchange: Exchange) -> Iterable[Outcome]:
        address = forwarded_for(exchange)
        if names_no_device(exchange):
            self._nameless.add(exchange)
        elif address is None:
            return (_broken(exchange, _invalid(exchange)),)
        elif not self._met_devices and self._contradicted.by(exchange, address):
            return (_broken(exchange, Fault("other-than-connection-ip", f"{address}, not that of the device")),)
        elif not self.facts.driven:
            return self._registrations(requests) if (requests := self._nameless.shown_by(exchange)) else NOTHING
        elif self.facts.devices.residents(address):
            return self._of_address(exchange, address)
        elif not self._screens.may_have_sent(exchange, address):
            self._unnamed.append((address, brief(exchange)))
        return NOTHING

    def _of_address(self, exchange: Exchange, address: str, margin_s: float = TIMELESS) -> Iterable[Outcome]:
        """Judge an address by the devices whose verbs came from it."""
        residents, owner = self.facts.devices.residents(address), self.facts.devices.owner(exchange)
        if not residents:
            fault = Fault("no-device", f"{address}, which is not the address of any device")
            return (_broken(exchange, fault, margin_s),) if self._met_devices or not self.facts.driven else NOTHING
        if owner is None or owner in residents or len(residents) == MOST_OWNERS:
            return ONE_HELD
        if self._screens.may_have_sent(exchange, address):
            return NOTHING
        fault = Fault("another-device", f"{address}, the address of device {residents[0]}")
        return (_broken(exchange, fault, margin_s),)

    def _registrations(self, requests: Iterable[Exchange]) -> Iterator[Outcome]:
        """Judge requests that name no device and that a device caused."""
        for exchange in requests:
            address = forwarded_for(exchange)
            if address is None:
                yield _broken(exchange, _invalid(exchange, "registration"), _BY_TIME)
            elif address == peer_address(exchange) or self.facts.devices.residents(address):
                yield from self._of_address(exchange, address, _BY_TIME)  # any other may be that of a second screen


def _invalid(exchange: Exchange, subject: str = "") -> Fault:
    sent = exchange.request_headers.get("x-forwarded-for")
    return Fault("not-an-address" if sent else "absent", f"X-Forwarded-For: {sent}" if sent else NONE, subject)


def _broken(exchange: Exchange, fault: Fault, margin_s: float = TIMELESS) -> Broken:
    return Broken(
        kind=fault.kind,
        subject=fault.subject,
        exchanges=(exchange.id,),
        device=exchange.device,
        expected="the streaming device's address first in X-Forwarded-For",
        observed=f"{exchange.path}: {fault.observed}" if fault.subject else fault.observed,
        margin_s=margin_s,
    )
