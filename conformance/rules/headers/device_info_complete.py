"""X-Device-Info is complete."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from pass_harness.conformance.facts.exchanges import NEEDS_DEVICE
from pass_harness.conformance.facts.headers import CONNECTION_FACTS, REQUIRED_FACTS, facts_in
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import NOTHING, ONE_HELD, Broken, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Rule, Severity

WANTED = (*REQUIRED_FACTS, *CONNECTION_FACTS)


class DeviceInfoComplete(Rule):
    card = Card(
        id="headers.device-info-complete",
        title="X-Device-Info contains the facts that Adobe asks for",
        severity=Severity.SHOULD,
        requirement="X-Device-Info contains model, version, osName, osVersion and connectionType and, from a "
        "server, also the device's connectionIp and connectionPort.",
        breaks="The TV provider's platform rules do not apply, and home-based authentication lacks the address and "
        "port.",
        remedy="Let the app send these facts, and add the IP address and source port of its connection.",
        kinds=("facts-missing",),
        citations=(citations.HEADER_DEVICE_INFO, citations.COOKBOOK_REQUIREMENTS),
    )
    watches = NEEDS_DEVICE

    def observe(self, seen: Observation) -> Iterable[Outcome]:
        if isinstance(seen, VerbCall) or seen.endpoint not in NEEDS_DEVICE:
            return NOTHING
        missing = _missing(seen.request_headers.get("x-device-info", ""))
        if missing is None:
            return NOTHING  # headers.device-info reports a malformed header
        if not missing:
            return ONE_HELD
        return (
            Broken(
                kind="facts-missing",
                subject=", ".join(missing),
                exchanges=(seen.id,),
                device=seen.device,
                expected=f"X-Device-Info with {', '.join(WANTED)}",
                observed=f"X-Device-Info without {', '.join(missing)}",
            ),
        )


@lru_cache(maxsize=1024)
def _missing(header: str) -> tuple[str, ...] | None:
    facts = facts_in(header)
    if facts is None:
        return None
    return tuple(key for key in WANTED if facts.get(key) in (None, ""))  # a value may be a list
