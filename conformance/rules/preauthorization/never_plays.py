"""A preauthorization does not allow playback."""

from __future__ import annotations

from collections.abc import Iterator

from pass_harness.conformance.bounded import Bounded
from pass_harness.conformance.facts.devices import UNATTRIBUTED
from pass_harness.conformance.facts.exchanges import DECISIONS, decisions
from pass_harness.conformance.facts.shared_facts import SharedFacts
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import HELD, Broken, Expectations, Outcome, Unclear
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Grade, Rule
from pass_harness.mock_server.exchange import Exchange


class NeverPlays(Rule):
    card = Card(
        id="preauthorization.never-plays",
        title="A preauthorized resource is authorized before it plays",
        grade=Grade.MUST,
        requirement="Preauthorization decisions only filter the content that the app shows. Playback needs its own "
        "authorization, even for a resource that was preauthorized.",
        breaks="Playback without authorization breaks the contracts with the TV providers.",
        remedy="Call decisions/authorize for each playback, whatever the preauthorization decision was.",
        kinds=("played-without-authorization",),
        citations=(citations.CHECKLIST_PREAUTHORIZATION_USE, citations.FAQ_PREAUTHORIZATION_NO_TOKEN),
        needs=frozenset({"preauthorize", "play"}),
        judges_app=True,
    )
    watches = DECISIONS

    def __init__(self, expectations: Expectations, facts: SharedFacts) -> None:
        super().__init__(expectations, facts)
        self._permits: Bounded[tuple[str, str], Exchange] = Bounded()

    def observe(self, seen: Observation) -> Iterator[Outcome]:
        if isinstance(seen, VerbCall):
            if seen.verb == "play" and seen.returns.get("allowed") is True:
                yield from self._played(seen)
        elif seen.endpoint == "decisions.preauthorize":
            for decision in decisions(seen):
                if decision.get("authorized") is True:
                    for name in self.facts.devices.names(seen):
                        self._permits.put((name, str(decision.get("resource"))), seen)

    def _played(self, call: VerbCall) -> Iterator[Outcome]:
        resource = str(call.arguments.get("resource"))
        permits = [
            permit
            for name in self.facts.devices.names(call)
            if (permit := self._permits.get((name, resource))) is not None
        ]
        if not permits:
            return
        if self.facts.devices.during(call, "decisions.authorize"):
            yield HELD
            return
        if unknown := self.facts.devices.unattributed(call, "decisions.authorize"):
            yield Unclear(reason=UNATTRIBUTED, exchanges=tuple(exchange.id for exchange in unknown))
            return
        yield Broken(
            kind="played-without-authorization",
            exchanges=(permits[0].id,),
            device=call.device,
            expected=f"an authorize call before {resource} plays",
            observed=f"the app was allowed to play {resource} with its preauthorization alone",
        )
