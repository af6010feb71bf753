"""The app gets a reason for a denied playback."""

from __future__ import annotations

from collections.abc import Iterator

from pass_harness.conformance.facts.actions import RecentExchanges
from pass_harness.conformance.facts.exchanges import errors
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import HELD, Broken, Expectations, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Rule, Severity


class DenialExplained(Rule):
    card = Card(
        id="authorization.denial-explained",
        title="The app gets a reason for a denied playback",
        severity=Severity.MUST,
        requirement="The service returns a reason for a denial to the app, made from the error's code, message or "
        "details.",
        breaks="The viewer sees no explanation, tries again, and calls support.",
        remedy="Return the details of the decision's error with the denial or, without details, its message.",
        kinds=("no-reason",),
        citations=(citations.COOKBOOK_AUTHORIZE, citations.CHECKLIST_AUTHORIZATION_FEEDBACK),
        needs=frozenset({"play"}),
        judges_app=True,
    )
    watches = frozenset({"decisions.authorize"})

    def __init__(self, expectations: Expectations) -> None:
        super().__init__(expectations)
        self._recent = RecentExchanges()

    def observe(self, seen: Observation) -> Iterator[Outcome]:
        if not isinstance(seen, VerbCall):
            if seen.endpoint == "decisions.authorize" and errors(seen):
                self._recent.add(seen)
            return
        # Without a mapped reason the rule cannot judge.
        if seen.verb != "play" or seen.returns.get("allowed") is not False or "reason" not in seen.returns:
            return
        denied = self._recent.during(seen)
        if denied and seen.returns["reason"]:
            yield HELD
        elif denied:
            yield Broken(
                kind="no-reason",
                exchanges=(denied[-1].id,),
                device=seen.device,
                expected=f"a reason made from {errors(denied[-1])[0].get('code', 'the error')}",
                observed="the app got no reason",
            )
