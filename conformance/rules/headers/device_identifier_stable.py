"""A device keeps its identifier."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pass_harness.conformance.bounded import Bounded
from pass_harness.conformance.facts.exchanges import NEEDS_DEVICE
from pass_harness.conformance.facts.headers import TELEVISIONS, device_info, same_system
from pass_harness.conformance.facts.shared_facts import SharedFacts
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import HELD, NOTHING, TIMELESS, Broken, Expectations, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Fault, Grade, Rule
from pass_harness.mock_server.exchange import Exchange

MOST_IDENTIFIERS = 10
"""Number of identifiers kept for each device."""
KINDS_OF_DEVICES = 3
"""Number of kinds of devices (a phone with iOS, a TV with tvOS) that no single device is."""


class DeviceIdentifierStable(Rule):
    card = Card(
        id="headers.device-identifier-stable",
        title="A device has one stable identifier of its own",
        grade=Grade.MUST,
        requirement="The identifier of a device is the same in all its calls, across sessions and restarts, and no "
        "two devices share one. In a trace without verbs, an identifier of "
        f"{KINDS_OF_DEVICES} kinds of devices, by primaryHardwareType and osName, is shared.",
        breaks="Adobe Pass treats a new identifier as a new device and the viewer is logged out. A shared "
        "identifier gives one viewer the login of another.",
        remedy="Compute the identifier from facts that the app knows about its device, or store it with the device.",
        kinds=("of-another-device", "several", "of-several-devices"),
        citations=(citations.CHECKLIST_STABLE_DEVICE_IDENTIFIER, citations.HEADER_DEVICE_IDENTIFIER),
        needs=frozenset({"start"}),
        judges_app=True,
    )
    judges_without_verbs = True
    watches = NEEDS_DEVICE

    def __init__(self, expectations: Expectations, facts: SharedFacts) -> None:
        super().__init__(expectations, facts)
        self._sent: Bounded[str, dict[str, Exchange]] = Bounded()
        """First exchange with each identifier, by virtual device."""
        self._owner: Bounded[str, str] = Bounded()
        """The first virtual device of each identifier."""
        self._kinds: Bounded[str, dict[tuple[str, str], int]] = Bounded()
        """First exchange of each kind of device, by identifier, in a trace without verbs."""

    def observe(self, seen: Observation) -> Iterable[Outcome]:
        if isinstance(seen, VerbCall):
            return self._verb(seen)
        return NOTHING if self.facts.driven or seen.device is None else self._alone(seen.device, seen)

    def _alone(self, identifier: str, seen: Exchange) -> Iterable[Outcome]:
        kind, known = _kind_of_device(seen), self._kinds.get(identifier) or {}
        if kind is None or kind in known or len(known) == KINDS_OF_DEVICES:
            return NOTHING
        known = {**known, kind: seen.id}
        self._kinds.put(identifier, known)
        if len(known) < KINDS_OF_DEVICES:
            return NOTHING
        return (
            Broken(
                kind="of-several-devices",
                exchanges=tuple(known.values()),
                device=identifier,
                expected="an identifier of its own for each device",
                observed=f"one for {', '.join(' with '.join(one) for one in known)}",
                margin_s=TIMELESS,
            ),
        )

    def _verb(self, seen: VerbCall) -> Iterator[Outcome]:
        sent = self._sent.get(seen.device) or {}
        new: dict[str, Exchange] = {}
        for exchange in self.facts.devices.during(seen, *NEEDS_DEVICE):
            if exchange.device and exchange.device not in sent:
                new.setdefault(exchange.device, exchange)
        if new:
            self._sent.put(seen.device, dict([*sent.items(), *new.items()][:MOST_IDENTIFIERS]))
            yield from self._judge(sent, new, seen)
        elif sent and seen.verb in {"start", "login"}:
            yield HELD

    def _judge(self, sent: dict[str, Exchange], new: dict[str, Exchange], call: VerbCall) -> Iterator[Outcome]:
        for identifier, exchange in new.items():
            owner = self._owner.get(identifier) or call.device
            self._owner.put(identifier, owner)
            if owner != call.device:
                fault = Fault("of-another-device", f"the identifier of device {owner}")
                yield self._wrong(call, (exchange,), "an identifier of its own", fault)
        known = [*sent.values(), *new.values()]
        if len(known) > 1:
            fault = Fault("several", f"{len(known)} different identifiers")
            yield self._wrong(call, tuple(known[-2:]), "one identifier in all calls", fault)
        else:
            yield HELD

    def _wrong(self, call: VerbCall, exchanges: tuple[Exchange, ...], expected: str, fault: Fault) -> Broken:
        certain = all(self.facts.devices.of_login(exchange.device or "") for exchange in exchanges)
        return Broken(
            kind=fault.kind,
            exchanges=tuple(exchange.id for exchange in exchanges),
            device=call.device,
            expected=expected,
            observed=fault.observed,
            margin_s=TIMELESS if certain else 0.0,
        )


def _kind_of_device(exchange: Exchange) -> tuple[str, str] | None:
    """Return the type and the operating system of the device in X-Device-Info, or None if one of them is missing."""
    info = device_info(exchange) or {}
    hardware, system = info.get("primaryHardwareType"), info.get("osName")
    if not isinstance(hardware, str) or not isinstance(system, str) or not hardware or not system:
        return None
    return "TV" if hardware in TELEVISIONS else hardware, same_system(system)
