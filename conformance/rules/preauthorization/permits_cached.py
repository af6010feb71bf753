"""What was permitted once is not asked for again while the app runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from pass_harness.conformance.bounded import Bounded
from pass_harness.conformance.facts.actions import Candidates, inside, names
from pass_harness.conformance.facts.exchanges import PROFILE_QUERIES, answered_before, brief, decisions, resources
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import NOTHING, ONE_HELD, Broken, Expectations, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Rule, Severity
from pass_harness.mock_server.exchange import Exchange

KEPT = 300.0
"""Seconds for which a permit is held to be remembered; a cache may end earlier than the app."""

APP_RESTARTED = 5.0
"""Seconds that a viewer needs at least to end an app, start it and get to its catalogue."""

KEPT_DEVICES = 10_000
MOST_ANSWERS = 10
"""Answers that are remembered of each permit."""


Device = tuple[str | None, str]
Permits = dict[tuple[str | None, str], list[Exchange]]
"""The answers that permitted each (mvpd, resource)."""


class PermitsCached(Rule):
    card = Card(
        id="preauthorization.permits-cached",
        title="Permits of a preauthorization are remembered while the app runs",
        severity=Severity.MUST,
        requirement="A resource that was permitted to a device is not asked for again in the same run of the app; "
        "subscriptions seldom change meanwhile. Five minutes are looked at, and each running instance may ask once. "
        "A new start, another look at the profiles, a login or a logout begins anew; where nobody tells of starts, "
        f"only what is asked for again within {APP_RESTARTED:g} s is a breach.",
        breaks="Each page of the catalogue that a viewer opens again costs the TV provider a decision.",
        remedy="Keep permitted resources in memory by device, and ask for the unknown ones only.",
        kinds=("permitted-asked-again",),
        citations=(citations.CHECKLIST_PREAUTHORIZATION_CACHING, citations.FAQ_PREAUTHORIZATION_CACHING),
        needs=frozenset({"preauthorize"}),
    )
    watches = PROFILE_QUERIES | {"sessions.create", "logout", "decisions.preauthorize"}

    def __init__(self, expectations: Expectations) -> None:
        super().__init__(expectations)
        self._permits: Bounded[Device, tuple[float, Permits]] = Bounded(KEPT_DEVICES)
        """With the moment of the latest answer."""
        self._started: Bounded[str, float] = Bounded(KEPT_DEVICES)
        """When the app of each device started last."""
        self._repeats: Candidates[Broken] = Candidates()

    def observe(self, seen: Observation) -> Iterable[Outcome]:
        if isinstance(seen, VerbCall):
            return self._verb(seen)
        device = (seen.service_provider, seen.device or seen.ip)
        if seen.endpoint != "decisions.preauthorize":
            self._permits.pop(device)
            return NOTHING
        if seen.status != 200:
            return NOTHING
        self._permits.shed(lambda known: seen.wall - known[0] > KEPT)  # nobody looks at it any more
        _, permits = self._permits.get(device) or (0.0, Permits())
        outcomes = self._asked(permits, seen) if permits else NOTHING
        kept = brief(seen)
        for decision in decisions(seen):
            if decision.get("authorized") is True:
                permitted = permits.setdefault((seen.mvpd, str(decision.get("resource"))), [])
                permitted.append(kept)
                if len(permitted) > MOST_ANSWERS:
                    del permitted[0]
        self._permits.put(device, (seen.wall, permits))
        return outcomes

    def finish(self) -> Iterator[Outcome]:
        for _, repeated in self._repeats.rest():
            yield repeated

    def _verb(self, call: VerbCall) -> Iterator[Outcome]:
        if call.verb == "restart":
            self._permits = Bounded(KEPT_DEVICES)
        elif call.verb == "start":
            for name in names(call):
                self._started.put(name, call.started)
        for exchange, repeated in self._repeats.settle(call):
            if call.verb != "start" or not inside(exchange, call):
                yield repeated

    def _asked(self, permits: Permits, seen: Exchange) -> Sequence[Outcome]:
        since = self._since(seen)
        again = [name for name in resources(seen) if self._known(permits.get((seen.mvpd, name), ()), since, seen)]
        if not again:
            return ONE_HELD
        repeated = Broken(
            kind="permitted-asked-again",
            exchanges=(permits[seen.mvpd, again[0]][-1].id, seen.id),
            device=seen.device,
            expected="only resources that are not known to be permitted",
            observed=f"{', '.join(again[:5])} asked for again",
        )
        if not self._repeats.driven:
            return [repeated]
        self._repeats.add(seen, repeated)  # it may turn out that the app was starting
        return NOTHING

    def _since(self, seen: Exchange) -> float:
        """Since when a permit would be remembered."""
        started = max(self._started.get(name) or 0.0 for name in names(seen))
        return max(started, seen.wall - (KEPT if self._repeats.driven else APP_RESTARTED))

    def _known(self, permitted: Sequence[Exchange], since: float, seen: Exchange) -> bool:
        recent = [one for one in permitted if one.wall > since and answered_before(one, seen)]
        return len(recent) >= self.expectations.instances
