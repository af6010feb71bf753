"""A device keeps its identifier."""

from __future__ import annotations

from collections.abc import Iterator

from pass_harness.conformance.bounded import Bounded
from pass_harness.conformance.facts.exchanges import NEEDS_DEVICE
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import HELD, Broken, Expectations, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Fault, Rule, Severity
from pass_harness.mock_server.exchange import Exchange


class DeviceIdentifierStable(Rule):
    card = Card(
        id="headers.device-identifier-stable",
        title="A device has one stable identifier of its own",
        severity=Severity.MUST,
        requirement="The identifier of a device is the same in all its calls, across sessions and restarts, and no "
        "two devices share one.",
        breaks="Adobe Pass treats a new identifier as a new device and the viewer is logged out. A shared "
        "identifier gives one viewer the login of another.",
        remedy="Compute the identifier from facts that the app knows about its device, or store it with the device.",
        kinds=("of-another-device", "several"),
        citations=(citations.CHECKLIST_STABLE_DEVICE_IDENTIFIER, citations.HEADER_DEVICE_IDENTIFIER),
        needs=frozenset({"start"}),
        judges_app=True,
    )
    watches = NEEDS_DEVICE

    def __init__(self, expectations: Expectations) -> None:
        super().__init__(expectations)
        self._sent: Bounded[str, dict[str, Exchange]] = Bounded()
        """First exchange with each identifier, by the IP address of the device."""
        self._owner: Bounded[str, str] = Bounded()
        self._judged: Bounded[str, int] = Bounded()

    def observe(self, seen: Observation) -> Iterator[Outcome]:
        if isinstance(seen, VerbCall):
            # Except in households, each device of the driver has its own address, which identifies it.
            if not seen.shares_address:
                yield from self._judge(seen)
        elif seen.endpoint in NEEDS_DEVICE and seen.device:
            sent = self._sent.get(seen.ip) or {}
            if seen.device not in sent and len(sent) < 10:
                self._sent.put(seen.ip, {**sent, seen.device: seen})

    def _judge(self, call: VerbCall) -> Iterator[Outcome]:
        sent = self._sent.get(call.ip)
        known = self._judged.get(call.ip) or 0
        if not sent:
            return
        if len(sent) == known:
            if call.verb in {"start", "login"}:
                yield HELD
            return
        self._judged.put(call.ip, len(sent))
        for identifier, exchange in list(sent.items())[known:]:
            owner = self._owner.get(identifier) or call.device
            self._owner.put(identifier, owner)
            if owner != call.device:
                fault = Fault("of-another-device", f"the identifier of device {owner}")
                yield self._wrong(call, (exchange,), "an identifier of its own", fault)
        if len(sent) > 1:
            exchanges = tuple(sent.values())[-2:]
            fault = Fault("several", f"{len(sent)} different identifiers")
            yield self._wrong(call, exchanges, "one identifier in all calls", fault)
        else:
            yield HELD

    def _wrong(self, call: VerbCall, exchanges: tuple[Exchange, ...], expected: str, fault: Fault) -> Broken:
        return Broken(
            kind=fault.kind,
            exchanges=tuple(exchange.id for exchange in exchanges),
            device=call.device,
            expected=expected,
            observed=fault.observed,
        )
