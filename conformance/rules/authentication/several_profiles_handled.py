"""The service handles a device with several profiles."""

from __future__ import annotations

from collections.abc import Iterator

from pass_harness.conformance.facts.actions import service_failed
from pass_harness.conformance.facts.exchanges import PROFILE_ANSWERS, is_server_failure, profiles
from pass_harness.conformance.facts.shared_facts import SharedFacts
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import HELD, Broken, Expectations, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Grade, Rule


class SeveralProfilesHandled(Rule):
    card = Card(
        id="authentication.several-profiles-handled",
        title="The service handles a device with several profiles",
        grade=Grade.SHOULD,
        requirement="A device may have valid profiles of several TV providers. The service lets the viewer choose "
        "or selects a profile by a rule of its own; it does not fail.",
        breaks="Viewers who changed their TV provider, or logged in by single sign-on, cannot use the app.",
        remedy="Select the profile of the TV provider that the viewer chose last, or let the viewer choose.",
        kinds=("service-failed",),
        citations=(citations.CHECKLIST_MULTIPLE_PROFILES,),
        needs=frozenset({"login", "status", "logout"}),
        judges_app=True,
    )
    watches = frozenset[str]()

    def __init__(self, expectations: Expectations, facts: SharedFacts) -> None:
        super().__init__(expectations, facts)

    def observe(self, seen: Observation) -> Iterator[Outcome]:
        if not isinstance(seen, VerbCall):
            return
        answers = self.facts.devices.during(seen)
        found = [one for one in answers if one.endpoint in PROFILE_ANSWERS and len(profiles(one)) > 1]
        if not found or any(map(is_server_failure, answers)):
            return
        if not service_failed(seen):
            yield HELD
            return
        yield Broken(
            kind="service-failed",
            subject=seen.verb,
            exchanges=tuple(exchange.id for exchange in found),
            device=seen.device,
            expected=f"a choice or a selection among the profiles of {', '.join(profiles(found[0]))}",
            observed=f"the verb {seen.verb} failed: {seen.failure}",
        )
