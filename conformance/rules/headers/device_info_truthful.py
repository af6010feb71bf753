"""X-Device-Info describes the streaming device, not the server."""

from __future__ import annotations

from collections.abc import Iterator

from pass_harness.conformance.facts.exchanges import NEEDS_DEVICE
from pass_harness.conformance.facts.headers import address_in, device_info, same_system
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import HELD, Broken, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import SERVERS_ONLY, Card, Grade, Rule
from pass_harness.mock_server.exchange import Exchange

COMPARED = ("primaryHardwareType", "model", "osName", "osVersion", "connectionIp")

TELEVISIONS = frozenset({"TV", "SetTopBox"})
"""Hardware types that Adobe's samples use for one device, the Apple TV."""


class DeviceInfoTruthful(Rule):
    card = Card(
        id="headers.device-info-truthful",
        title="X-Device-Info describes the streaming device, not the server",
        grade=Grade.MUST,
        requirement="Although a server makes the call, X-Device-Info describes the streaming device: its hardware, "
        "model, operating system and IP address.",
        breaks="All viewers appear on one platform and get its rules: wrong lifetimes, no home-based authentication.",
        remedy="Forward the app's description of its device unchanged.",
        kinds=("facts-untrue",),
        citations=(citations.CHECKLIST_DEVICE_INFO, citations.COOKBOOK_REQUIREMENTS),
        needs=frozenset({"start"}),
        judges_app=True,
        architectures=SERVERS_ONLY,
    )
    watches = frozenset[str]()

    def observe(self, seen: Observation) -> Iterator[Outcome]:
        if not isinstance(seen, VerbCall):
            return
        truth = {"connectionIp": seen.ip, **seen.facts}
        for exchange in self.facts.devices.during(seen, *NEEDS_DEVICE):
            if device_info(exchange) is None:
                continue
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
    compared = [key for key in COMPARED if key in truth and key in sent]
    return [key for key in compared if not _same(key, str(sent[key]), truth)] or None


def _same(key: str, sent: str, truth: dict[str, str]) -> bool:
    """Return whether a fact is true, in the app's words or in those of Adobe's page."""
    true = truth[key]
    if sent == true:
        return True
    match key:
        case "connectionIp":
            return address_in(sent) == address_in(true)
        case "osName":
            return same_system(sent) == same_system(true)
        case "primaryHardwareType":
            return {sent, true} <= TELEVISIONS
        case "model":  # "AppleTV" of "AppleTV14,1", and the fixed value of the table for Roku
            return (bool(sent) and true.startswith(sent)) or same_system(sent) == same_system(truth.get("osName", ""))
    return False
