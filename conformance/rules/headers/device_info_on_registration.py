"""X-Device-Info is sent with the registration and token requests of a device."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator

from pass_harness.conformance.bounded import Bounded
from pass_harness.conformance.facts.exchanges import DCR, NEEDS_TOKEN, brief
from pass_harness.conformance.facts.headers import forwarded_for, is_browser, peer_address
from pass_harness.conformance.facts.shared_facts import SharedFacts
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import HELD, NOTHING, Broken, Expectations, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Grade, Rule
from pass_harness.mock_server.exchange import Exchange

SECOND_SCREEN = frozenset({"sessions.retrieve", "sessions.resume"})
"""Endpoints that the page for the code calls, for a computer or phone without X-Device-Info."""
FIRST_USE_S = 2.0
"""Seconds from a request to the call that needed its token, at most."""


class DeviceInfoOnRegistration(Rule):
    card = Card(
        id="headers.device-info-on-registration",
        title="X-Device-Info is sent with the registration and token requests of a device",
        grade=Grade.SHOULD,
        requirement="A call to /o/client/register or /o/client/token that a device causes carries X-Device-Info. The "
        "service shows that it knows the device by sending its address. Calls for no device or for the second screen "
        "need no header.",
        breaks="Adobe Pass guesses the platform from the User-Agent, which may be that of the server.",
        remedy="Send the app's description of its device with registration and token requests too.",
        kinds=("absent",),
        citations=(citations.API_CLIENT_CREDENTIALS,),
    )
    watches = DCR | NEEDS_TOKEN

    def __init__(self, expectations: Expectations, facts: SharedFacts) -> None:
        super().__init__(expectations, facts)
        self._waiting: deque[Exchange] = deque(maxlen=1000)
        """Requests without the header, which the next call of the address may show to be the second screen's."""
        self._addresses: Bounded[str, bool] = Bounded()
        """Addresses of calls for devices: a proxy may have added another one, the service's own."""

    def observe(self, seen: Observation) -> Iterable[Outcome]:
        if isinstance(seen, VerbCall):
            return NOTHING
        late = tuple(self._late(seen.wall - FIRST_USE_S)) if self._waiting else NOTHING
        if seen.endpoint in DCR:
            if "x-device-info" in seen.request_headers:
                return (*late, HELD)
            if self._is_for_a_device(seen) and not is_browser(seen.request_headers.get("user-agent", "")):
                self._waiting.append(brief(seen))
        elif seen.endpoint in SECOND_SCREEN:
            self._waiting = deque((one for one in self._waiting if one.ip != seen.ip), self._waiting.maxlen)
        elif seen.device and not self.facts.driven and self._addresses.get(seen.ip) is None:
            self._addresses.put(seen.ip, True)
        return late

    def finish(self) -> Iterator[Outcome]:
        yield from self._late(float("inf"))

    def _late(self, before_s: float) -> Iterator[Outcome]:
        while self._waiting and self._waiting[0].wall < before_s:
            exchange = self._waiting.popleft()
            if not self.facts.driven and self._addresses.get(exchange.ip) is None:
                continue
            yield Broken(
                kind="absent",
                exchanges=(exchange.id,),
                device=None,
                expected=f"X-Device-Info with {exchange.path}, which is called for a device",
                observed="the device's address in X-Forwarded-For, but no X-Device-Info",
            )

    def _is_for_a_device(self, exchange: Exchange) -> bool:
        address = forwarded_for(exchange)
        if address is None or self.facts.driven:
            return address is not None and bool(self.facts.devices.residents(address))
        return address != peer_address(exchange)
