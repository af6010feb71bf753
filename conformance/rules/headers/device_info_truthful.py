"""X-Device-Info describes the streaming device, not the server."""

from __future__ import annotations

from collections.abc import Iterator

from pass_harness.conformance.facts.actions import RecentExchanges
from pass_harness.conformance.facts.exchanges import NEEDS_DEVICE
from pass_harness.conformance.facts.headers import device_info
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import HELD, Broken, Expectations, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Rule, Severity
from pass_harness.mock_server.exchange import Exchange

COMPARED = ("primaryHardwareType", "model", "osName", "osVersion", "connectionIp")


class DeviceInfoTruthful(Rule):
    card = Card(
        id="headers.device-info-truthful",
        title="X-Device-Info describes the streaming device, not the server",
        severity=Severity.MUST,
        requirement="Although a server makes the call, X-Device-Info describes the streaming device: its hardware, "
        "model, operating system and IP address.",
        breaks="All viewers appear on one platform and get its rules: wrong lifetimes, no home-based authentication.",
        remedy="Forward the app's description of its device unchanged.",
        kinds=("facts-untrue",),
        citations=(citations.CHECKLIST_DEVICE_INFO, citations.COOKBOOK_REQUIREMENTS),
        needs=frozenset({"start"}),
        judges_app=True,
    )
    watches = NEEDS_DEVICE

    def __init__(self, expectations: Expectations) -> None:
        super().__init__(expectations)
        self._recent = RecentExchanges()

    def observe(self, seen: Observation) -> Iterator[Outcome]:
        if not isinstance(seen, VerbCall):
            if seen.endpoint in NEEDS_DEVICE and device_info(seen) is not None:
                self._recent.add(seen)
            return
        truth = {"connectionIp": seen.ip, **seen.facts}
        for exchange in self._recent.during(seen):
            wrong = _wrong(exchange, truth)
            yield HELD if wrong is None else self._untrue(exchange, truth, wrong)

    def _untrue(self, exchange: Exchange, truth: dict[str, str], wrong: list[str]) -> Broken:
        sent = device_info(exchange) or {}
        return Broken(
            kind="facts-untrue",
            subject=", ".join(wrong),
            exchanges=(exchange.id,),
            device=exchange.device,
            expected=", ".join(f"{key} {truth[key]}" for key in wrong),
            observed=", ".join(f"{key} {sent.get(key)}" for key in wrong),
        )


def _wrong(exchange: Exchange, truth: dict[str, str]) -> list[str] | None:
    sent = device_info(exchange) or {}
    return [key for key in COMPARED if key in truth and key in sent and str(sent[key]) != truth[key]] or None
