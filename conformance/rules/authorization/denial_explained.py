"""The app gets a reason for a denied playback."""

from __future__ import annotations

from collections.abc import Iterator

from pass_harness.conformance.facts.denial_texts import DenialTexts, says_nothing
from pass_harness.conformance.facts.exchanges import errors
from pass_harness.conformance.facts.shared_facts import SharedFacts
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import HELD, Broken, Expectations, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Grade, Rule


class DenialExplained(Rule):
    card = Card(
        id="authorization.denial-explained",
        title="The app gets a reason for a denied playback",
        grade=Grade.SHOULD,
        requirement="The service returns a reason for a denial to the app, made from the error's code, message or "
        "details: one of these, or a text or code of its own for each code.",
        breaks="The viewer sees no explanation, tries again, and calls support.",
        remedy="Return the details of the decision's error with the denial or, without details, its message.",
        kinds=("no-reason", "same-text-for-all"),
        citations=(citations.COOKBOOK_AUTHORIZE, citations.CHECKLIST_AUTHORIZATION_FEEDBACK),
        needs=frozenset({"play", "play.reason"}),
        judges_app=True,
    )
    watches = frozenset[str]()

    def __init__(self, expectations: Expectations, facts: SharedFacts) -> None:
        super().__init__(expectations, facts)
        self._texts = DenialTexts()

    def observe(self, seen: Observation) -> Iterator[Outcome]:
        if not isinstance(seen, VerbCall) or seen.verb != "play" or seen.returns.get("allowed") is not False:
            return
        if "reason" not in seen.returns or seen.failure is not None:
            return  # the driver does not read a reason, or the service gave no answer
        denied = [one for one in self.facts.devices.during(seen, "decisions.authorize") if errors(one)]
        if not denied:
            return
        error, reason = errors(denied[-1])[0], seen.returns["reason"]
        silent = says_nothing(reason)
        if silent and seen.returns.get("login_required") is True:
            yield HELD  # the instruction to log in says more than a text
        elif silent:
            yield Broken(
                kind="no-reason",
                exchanges=(denied[-1].id,),
                device=seen.device,
                expected=f"a reason made from {error.get('code', 'the error')}",
                observed=f"the app got {reason!r}" if reason else "the app got no reason",
            )
        elif self._texts.add(error, reason, str(seen.arguments.get("resource", "")), denied[-1].id):
            yield HELD

    def finish(self) -> Iterator[Outcome]:
        if self._texts.differ:
            yield HELD
        elif self._texts.differ is False:
            codes, exchanges = self._texts.examples
            yield Broken(
                kind="same-text-for-all",
                exchanges=exchanges,
                device=None,
                expected=f"a reason for each of the codes {', '.join(codes)}",
                observed="the same text for all of them, with none of Adobe's codes, messages or details in it",
            )
