"""X-Device-Info is sent with every call for a device."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from pass_harness.conformance.facts.exchanges import DCR, NEEDS_DEVICE
from pass_harness.conformance.facts.headers import RESTRICTED, SAMPLE_OF_THE_API_PAGES, facts_in, is_browser
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import NOTHING, ONE_HELD, Broken, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Fault, Grade, Rule


class DeviceInfo(Rule):
    card = Card(
        id="headers.device-info",
        title="X-Device-Info is present and well-formed",
        grade=Grade.MUST,
        requirement="Where the API page requires it, the service sends X-Device-Info: a JSON object in Base64, with "
        "allowed values where Adobe restricts them. For an app in a browser, its User-Agent can take the place of "
        "the header. Registration calls are judged only if they carry the header.",
        breaks="Adobe Pass treats the device as an unknown platform: its logins expire earlier, and home-based "
        "authentication fails.",
        remedy="Send the app's description of its device as JSON in Base64, with the keys and values on Adobe's "
        "page.",
        kinds=("absent", "not-a-json-object", "value-not-allowed"),
        citations=(citations.CHECKLIST_DEVICE_INFO, citations.HEADER_DEVICE_INFO),
    )
    compares_times = False
    watches = NEEDS_DEVICE | DCR

    def observe(self, seen: Observation) -> Iterable[Outcome]:
        if isinstance(seen, VerbCall):
            return NOTHING
        sent = "x-device-info" in seen.request_headers
        if seen.endpoint not in NEEDS_DEVICE and not (sent and seen.endpoint.startswith("dcr.")):
            return NOTHING
        if not sent and is_browser(seen.request_headers.get("user-agent", "")):
            return NOTHING
        wrong = _wrong(seen.request_headers.get("x-device-info", ""))
        if wrong is None:
            return ONE_HELD
        if not sent and self.facts.callers.in_browser(seen):
            return NOTHING  # the page of the header allows this: Adobe Pass takes the facts from User-Agent
        return (
            Broken(
                kind=wrong.kind,
                subject=wrong.subject,
                exchanges=(seen.id,),
                device=seen.device,
                expected="X-Device-Info: a JSON object in Base64 with allowed values",
                observed=wrong.observed,
            ),
        )


@lru_cache(maxsize=1024)
def _wrong(header: str) -> Fault | None:
    if not header:
        return Fault("absent", "no X-Device-Info")
    if header == SAMPLE_OF_THE_API_PAGES:
        return None
    facts = facts_in(header)
    if facts is None:
        return Fault("not-a-json-object", f"not a JSON object in Base64: {header[:60]}")
    for key, allowed in RESTRICTED.items():
        value = facts.get(key)
        text = str(value).lower() if isinstance(value, bool) else str(value)
        if value is not None and text not in allowed:
            return Fault("value-not-allowed", f"{key} is {text!r}", key)
    return None
