"""X-Device-Info is complete."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from functools import lru_cache

from pass_harness.conformance.facts.exchanges import NEEDS_DEVICE
from pass_harness.conformance.facts.headers import CONNECTION_FACTS, REQUIRED_FACTS, facts_in
from pass_harness.conformance.facts.shared_facts import SharedFacts
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import (
    HELD,
    NOTHING,
    ONE_HELD,
    Architecture,
    Broken,
    Expectations,
    Outcome,
)
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Grade, Rule
from pass_harness.mock_server.exchange import Exchange

WANTED = (*REQUIRED_FACTS, *CONNECTION_FACTS)
KEPT = 1_000
"""Number of undecided findings kept, at most; the report shows fewer."""


class DeviceInfoComplete(Rule):
    card = Card(
        id="headers.device-info-complete",
        title="X-Device-Info contains the facts that Adobe asks for",
        grade=Grade.SHOULD,
        requirement="X-Device-Info contains model, version, osName, osVersion and connectionType and, from a "
        "server, also the device's connectionIp and connectionPort.",
        breaks="The TV provider's platform rules do not apply. Without address and port, Spectrum asks for a "
        "password at home.",
        remedy="Let the app send these facts, and add the IP address and source port of its connection.",
        kinds=("facts-missing",),
        citations=(citations.HEADER_DEVICE_INFO, citations.COOKBOOK_REQUIREMENTS, citations.FAQ_DEVICE_INFO),
    )
    compares_times = False
    watches = NEEDS_DEVICE

    def __init__(self, expectations: Expectations, facts: SharedFacts) -> None:
        super().__init__(expectations, facts)
        self._undecided: deque[Broken] = deque(maxlen=KEPT)
        """Findings that are none if the caller turns out to be an app: only facts of the connection are missing."""

    def observe(self, seen: Observation) -> Iterable[Outcome]:
        if isinstance(seen, VerbCall) or seen.endpoint not in NEEDS_DEVICE:
            return NOTHING
        missing = _missing(seen.request_headers.get("x-device-info", ""))
        if missing is None:
            return NOTHING  # headers.device-info reports a malformed header
        if not missing:
            return ONE_HELD
        required = tuple(key for key in missing if key in REQUIRED_FACTS)
        if self.facts.callers.is_client:
            return (_incomplete(seen, required, REQUIRED_FACTS),) if required else ONE_HELD
        broken = _incomplete(seen, missing, WANTED)
        if required or self.facts.callers.current is not None:
            return (broken,)
        self._undecided.append(broken)
        return NOTHING

    def finish(self) -> Iterator[Outcome]:
        of_clients = self.facts.callers.traffic().architecture == Architecture.CLIENT
        yield from (HELD if of_clients else broken for broken in self._undecided)


def _incomplete(seen: Exchange, missing: tuple[str, ...], wanted: tuple[str, ...]) -> Broken:
    return Broken(
        kind="facts-missing",
        subject=", ".join(missing),
        exchanges=(seen.id,),
        device=seen.device,
        expected=f"X-Device-Info with {', '.join(wanted)}",
        observed=f"X-Device-Info without {', '.join(missing)}",
    )


@lru_cache(maxsize=1024)
def _missing(header: str) -> tuple[str, ...] | None:
    facts = facts_in(header)
    if facts is None:
        return None
    return tuple(key for key in WANTED if facts.get(key) in (None, ""))  # a value may be a list
