"""Permitted resources are not requested again while the app runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from pass_harness.conformance.bounded import Bounded
from pass_harness.conformance.facts.actions import Candidates
from pass_harness.conformance.facts.cached_permits import KEPT_DEVICES, READ, CachedPermits, Permits
from pass_harness.conformance.facts.devices import arrived_during
from pass_harness.conformance.facts.exchanges import answered_before, resources
from pass_harness.conformance.facts.headers import peer_host
from pass_harness.conformance.facts.instances import Doubts
from pass_harness.conformance.facts.shared_facts import SharedFacts
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import NOTHING, ONE_HELD, Broken, Expectations, Outcome, Unclear
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Grade, Rule
from pass_harness.mock_server.exchange import Exchange

CACHED_S = 300.0
"""Seconds for which the rule expects a permit to be cached; a cache may expire before the app ends."""

APP_RESTART_S = 5.0
"""Seconds that a viewer needs at least to close the app, start it again and open its catalogue."""

LOADED_AGAIN = "a page that was loaded again, or opened in another tab, has no permits in its memory"
"""Reason why a repetition by a page in a browser is unclear."""


class PermitsCached(Rule):
    card = Card(
        id="preauthorization.permits-cached",
        title="The service caches preauthorization permits while the app runs",
        grade=Grade.MUST,
        requirement="The service does not request a decision again for a resource that was permitted to the device "
        "in the same run of the app, because subscriptions seldom change in that time. The rule covers five "
        "minutes, and each running instance may ask once. A new start of the app, another profiles request, a "
        "login, a logout or the end of the profile starts over. In a trace without verbs, which does not show "
        f"starts, only a repetition within {APP_RESTART_S:g} s breaks the rule, and none of a page in a browser.",
        breaks="Each catalogue page that a viewer opens again costs the TV provider a decision.",
        remedy="Cache permitted resources in memory by device, and request decisions only for the other resources.",
        kinds=("permitted-asked-again",),
        citations=(citations.CHECKLIST_PREAUTHORIZATION_CACHING, citations.FAQ_PREAUTHORIZATION_CACHING),
        needs=frozenset({"preauthorize"}),
    )
    watches = READ

    def __init__(self, expectations: Expectations, facts: SharedFacts) -> None:
        super().__init__(expectations, facts)
        self._permits = CachedPermits(facts.devices, CACHED_S)
        self._started: Bounded[str, float] = Bounded(KEPT_DEVICES)
        """Start of the last verb start of each device, in seconds on the same scale."""
        self._doubts = Doubts(facts.instances)
        self._repeats: Candidates[Broken] = Candidates(facts.devices)

    def observe(self, seen: Observation) -> Iterable[Outcome]:
        if isinstance(seen, VerbCall):
            return self._verb(seen)
        outcomes: Sequence[Outcome] = NOTHING
        if seen.endpoint == "decisions.preauthorize" and seen.status == 200:
            permits = self._permits.of(seen)
            outcomes = [*self._doubts.passed(), *(self._asked(permits, seen) if permits else NOTHING)] or NOTHING
        self._permits.observe(seen)
        return outcomes

    def finish(self) -> Iterator[Outcome]:
        yield from self._doubts.finish()
        yield from (repeated for _, repeated in self._repeats.remaining())

    def _verb(self, call: VerbCall) -> Iterator[Outcome]:
        if call.verb == "restart":
            self._permits.clear()
        elif call.verb == "start":
            for name in self.facts.devices.names(call):
                self._started.put(name, call.started)
        for exchange, repeated in self._repeats.resolve(call):
            if call.verb != "start" or not arrived_during(exchange, call):
                yield repeated

    def _asked(self, permits: Permits, seen: Exchange) -> Sequence[Outcome]:
        since = self._since(seen)
        known = {name: self._recent(permits.get((seen.mvpd, name), ()), since, seen) for name in resources(seen)}
        each = self.facts.instances.at_each_address()
        again = [name for name, recent in known.items() if len(recent) >= each]
        if not again:
            return ONE_HELD
        repeated = Broken(
            kind="permitted-asked-again",
            exchanges=(permits[seen.mvpd, again[0]][-1].id, seen.id),
            device=seen.device,
            expected="a request only for resources without a permit yet",
            observed=f"{', '.join(again[:5])} requested again, although already permitted",
        )
        if not self._repeats.driven:
            if self.facts.callers.in_browser(seen):
                return (Unclear(reason=LOADED_AGAIN, exchanges=repeated.exchanges),)
            most = min(len(known[name]) for name in again)
            return self._doubts.add(repeated, 1 + most * self.facts.instances.addresses)
        self._repeats.add(seen, repeated)  # the next verb may show that the app was starting
        return NOTHING

    def _since(self, seen: Exchange) -> float:
        """Return the earliest time of a permit that should still be cached, in seconds."""
        started = max(self._started.get(name) or 0.0 for name in self.facts.devices.names(seen))
        return max(
            started, self._permits.since(seen), seen.wall - (CACHED_S if self._repeats.driven else APP_RESTART_S)
        )

    def _recent(self, permitted: Sequence[Exchange], since: float, seen: Exchange) -> Sequence[Exchange]:
        recent = [one for one in permitted if one.wall > since and answered_before(one, seen)]
        if not self._repeats.driven:  # another address is that of another instance
            recent = [one for one in recent if peer_host(one) == peer_host(seen)]
        return recent
