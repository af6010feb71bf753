"""In a lasting outage the service calls Adobe Pass less often than its viewers ask."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pass_harness.conformance.durations import span
from pass_harness.conformance.facts.exchanges import DCR, NEEDS_TOKEN, is_server_failure
from pass_harness.conformance.facts.outages import Outage
from pass_harness.conformance.facts.shared_facts import SharedFacts
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import HELD, NOTHING, Broken, Expectations, Outcome, Unclear
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import SERVERS_ONLY, Card, Grade, Rule

LASTING_S = 6.0
"""Seconds without a successful response after which an outage counts as lasting."""
FALL_RATIO = 0.5
MIN_DEMAND = 3
"""Number of verbs in the last third of an outage below which there is nothing to hold back."""
DEMANDING = frozenset({"login", "play", "preauthorize", "logout"})
"""Verbs that need Adobe Pass; the others are often answered without it."""
MIN_CALLS = 8
"""Number of calls in the first third of an outage below which a trace without verbs shows nothing."""
CALLS_OF_A_DEVICE, MIN_DEVICES = 3, 3
"""Number of calls of each device in the last third of an outage, on average, that are more than probes."""

BEGAN_LATER = "the record begins during the outage, so the rate of calls may have fallen before"


class CircuitBreaker(Rule):
    card = Card(
        id="errors.circuit-breaker",
        title="In a lasting outage the service calls Adobe Pass less often than its viewers ask",
        grade=Grade.SHOULD,
        requirement="After several seconds in which every call failed, the service stops calling Adobe Pass for "
        "every viewer and only probes now and then whether it is back: in the last third of the outage it makes at "
        "most half as many calls as the viewers need, or as it made in the first third. One breaker for all calls is "
        "as good as one for each instance, device or endpoint. A trace without verbs does not show what the viewers "
        "asked, so there only devices that keep calling at the same rate break the rule.",
        breaks="Adobe Pass gets the full load of the audience at the moment it tries to recover.",
        remedy="Put a circuit breaker in front of the calls: open it after some failures in a row, let one probe "
        "through every few seconds, and close it on success.",
        kinds=("rate-stayed-high",),
        citations=(citations.AI_RULES_ERRORS, citations.COOKBOOK_ENVIRONMENTS),
        needs=frozenset({"login", "status", "play"}),
        architectures=SERVERS_ONLY,
    )
    watches = NEEDS_TOKEN | DCR

    def __init__(self, expectations: Expectations, facts: SharedFacts) -> None:
        super().__init__(expectations, facts)
        self._outage: Outage | None = None
        self._last = 0.0
        """Start of the last verb or, without a driver, arrival of the last call, in seconds."""

    def observe(self, seen: Observation) -> Iterable[Outcome]:
        if isinstance(seen, VerbCall):
            if seen.verb in DEMANDING:
                self._last = max(self._last, seen.started)
                if self._outage is not None:
                    self._outage.asked(seen.started)
            return NOTHING
        outcomes: Iterable[Outcome] = NOTHING
        if is_server_failure(seen):
            self._outage = self._outage or Outage(seen.wall)
            self._outage.failed(seen)
        elif self._outage is not None and seen.status != 429:
            outcomes = self._over(self._outage, self._last)
            self._outage = None
        if not self.facts.driven and seen.wall > self._last:
            self._last = seen.wall
        return outcomes

    def finish(self) -> Iterator[Outcome]:
        if self._outage is not None:
            yield from self._over(self._outage, self._last)

    def _over(self, outage: Outage, ended: float) -> Iterator[Outcome]:
        seconds = ended - outage.began
        if seconds < LASTING_S:
            return
        late = seconds * 2 / 3
        first, last = outage.calls(0, seconds / 3), outage.calls(late, seconds)
        asked = outage.verbs(late, seconds)
        if (asked if self.facts.driven else first) < (MIN_DEMAND if self.facts.driven else MIN_CALLS):
            return
        if last <= FALL_RATIO * max(first, asked):
            yield HELD
        elif self.facts.driven or last >= CALLS_OF_A_DEVICE * max(MIN_DEVICES, outage.devices(late)):
            if not self.facts.driven and not self.facts.has_registration and outage.began == self.facts.began_s:
                yield Unclear(reason=BEGAN_LATER, exchanges=outage.latest)
                return
            yield Broken(
                kind="rate-stayed-high",
                exchanges=outage.latest,
                device=None,
                expected=f"at most half of the {first} calls in the first third of the outage of {span(seconds)}"
                + (f", or of the {asked} verbs in the last third" if self.facts.driven else ""),
                observed=f"{last} calls in the last third",
            )
