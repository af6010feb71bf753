"""Polling stops when the login has succeeded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from pass_harness.conformance.facts.exchanges import (
    DECISIONS,
    PROFILE_QUERIES,
    brief,
    ended,
    interval,
    profiles,
)
from pass_harness.conformance.facts.logins import is_temporary
from pass_harness.conformance.facts.polling_on import TOLERANCE, PollingOn
from pass_harness.conformance.facts.repeated_requests import RepeatedRequests
from pass_harness.conformance.facts.sessions import POLL_ENDPOINTS
from pass_harness.conformance.facts.shared_facts import SharedFacts
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import NOTHING, Broken, Expectations, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Grade, Rule
from pass_harness.mock_server.exchange import Exchange

IN_PROGRESS_S = 0.3
"""Seconds within which a request that was in progress may still arrive."""
BEATS = 6
"""Number of profiles requests of a logged-in device at equal intervals that are polling: no viewer keeps a rhythm."""
LONGEST_S = 66.0
"""Seconds between two of them, at most: a profile may be refreshed now and then, and not every minute."""


class PollStopsOnSuccess(Rule):
    card = Card(
        id="authentication.poll-stops-on-success",
        title="Polling stops when a poll has returned a profile",
        grade=Grade.MUST,
        requirement="When a poll of the code returns a profile, the viewer is logged in and the service stops "
        f"polling. {TOLERANCE} Neither does it poll the profiles of a device that is logged in: {BEATS} requests at "
        "equal intervals are polling, without a decisions request between them.",
        breaks="Pollers that keep running accumulate: after an hour the service polls for every viewer who logged "
        "in.",
        remedy="Stop the poller of a code at the first response that contains a profile.",
        kinds=("polled-after-success", "profiles-polled"),
        citations=(citations.CHECKLIST_POLLING_STOP, citations.FAQ_POLLING_STOP, citations.FAQ_IS_AUTHENTICATED),
        needs=frozenset({"login"}),
    )
    watches = POLL_ENDPOINTS | PROFILE_QUERIES | DECISIONS | {"logout"}

    def __init__(self, expectations: Expectations, facts: SharedFacts) -> None:
        super().__init__(expectations, facts)
        self._over: PollingOn[Exchange] = PollingOn(facts, in_progress_s=IN_PROGRESS_S)
        self._beats: RepeatedRequests[tuple[str | None, str]] = RepeatedRequests(
            BEATS, many=0, shortest_s=1.0, longest_s=LONGEST_S
        )
        """Profiles requests that found one, by service provider and device."""

    def observe(self, seen: Observation) -> Iterable[Outcome]:
        held, found = self._over.passed(), self._observe(seen)
        return (*held, *found) if held else found

    def _observe(self, seen: Observation) -> Iterable[Outcome]:
        code = self.facts.polls.code
        if isinstance(seen, VerbCall):
            return NOTHING
        if code is None:
            return self._other(seen) if seen.device else NOTHING
        late = self._over.judge(code, brief(seen))
        if late is not None:
            return (self._late(*late, seen),)
        if profiles(seen):
            self._over.begin(code, ended(seen), brief(seen))
        return NOTHING

    def _other(self, seen: Exchange) -> Iterable[Outcome]:
        key = seen.service_provider, seen.device or ""
        if seen.endpoint not in PROFILE_QUERIES:
            self._beats.forget(key)
            return NOTHING
        found = profiles(seen)
        if not found or all(map(is_temporary, found.values())):
            return NOTHING  # the rest of a trial changes, and the app may show it
        beats = self._beats.add(key, seen)
        return (self._polled(beats, seen),) if beats else NOTHING

    def finish(self) -> Iterator[Outcome]:
        yield from self._over.finish()

    def _late(self, before: Exchange, success: Exchange, seen: Exchange) -> Broken:
        return Broken(
            kind="polled-after-success",
            exchanges=(success.id, before.id, seen.id),
            device=seen.device,
            expected=f"no poll of code {seen.code} after a poll returned a profile",
            observed=f"the code was polled on {interval(success, seen)}",
        )

    def _polled(self, beats: Sequence[Exchange], seen: Exchange) -> Broken:
        return Broken(
            kind="profiles-polled",
            subject=seen.endpoint,
            exchanges=tuple(beat.id for beat in beats),
            device=seen.device,
            expected="the profile of a logged-in device from the service's own storage",
            observed=f"{len(beats)} requests to {seen.path} at equal intervals",
        )
