"""X-Device-Info describes the streaming device, not the server."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pass_harness.conformance.facts.exchanges import NEEDS_DEVICE
from pass_harness.conformance.facts.headers import (
    FACTS_OF_THE_SAMPLE,
    SAMPLE_OF_THE_API_PAGES,
    TELEVISIONS,
    address_in,
    device_info,
    is_browser,
    same_system,
)
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import HELD, Broken, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import SERVERS_ONLY, Card, Grade, Rule
from pass_harness.mock_server.exchange import Exchange

COMPARED = ("primaryHardwareType", "model", "osName", "osVersion", "connectionIp")
BROWSER = "that of a browser, by its User-Agent"
WITHOUT_BROWSER = TELEVISIONS | {"GamesConsole", "MediaPlayer"}


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
            sent = _described(exchange, truth)
            compared = [key for key in COMPARED if key in truth and key in sent]
            wrong = [key for key in compared if not _same(key, str(sent[key]), truth)]
            if wrong:
                yield self._untrue(exchange, truth, wrong)
            elif compared:
                yield HELD

    def _untrue(self, exchange: Exchange, truth: dict[str, str], wrong: list[str]) -> Broken:
        sent = _described(exchange, truth)
        return Broken(
            kind="facts-untrue",
            subject=", ".join(wrong),
            exchanges=(exchange.id,),
            device=exchange.device,
            expected=", ".join(f"{key} {truth[key]}" for key in wrong),
            observed=", ".join(f"{key} {sent.get(key)}" for key in wrong),
        )


def _described(exchange: Exchange, truth: Mapping[str, str]) -> Mapping[str, Any]:
    """Return the facts in X-Device-Info, even those of the value in Adobe's samples, or else in User-Agent."""
    header = exchange.request_headers.get("x-device-info")
    if header == SAMPLE_OF_THE_API_PAGES:
        return FACTS_OF_THE_SAMPLE
    agent = exchange.request_headers.get("user-agent", "")
    if header is None and is_browser(agent) and agent != truth.get("userAgent"):
        return {"primaryHardwareType": BROWSER}
    return device_info(exchange) or {}


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
            return true not in WITHOUT_BROWSER if sent == BROWSER else {sent, true} <= TELEVISIONS
        case "model":  # "AppleTV" of "AppleTV14,1", and the fixed value of the table for Roku
            return (bool(sent) and true.startswith(sent)) or same_system(sent) == same_system(truth.get("osName", ""))
    return False
