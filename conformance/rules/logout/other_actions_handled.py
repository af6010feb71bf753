"""A logout that needs no browser succeeds."""

from __future__ import annotations

from collections.abc import Iterator

from pass_harness.conformance.facts.actions import UNREADABLE_ANSWER, is_unreadable
from pass_harness.conformance.facts.denial_texts import says_nothing
from pass_harness.conformance.facts.exchanges import is_server_failure
from pass_harness.conformance.facts.logouts import logouts
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import HELD, Broken, Outcome, Unclear
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Grade, Rule


class OtherActionsHandled(Rule):
    card = Card(
        id="logout.other-actions-handled",
        title="Logouts that need no browser succeed",
        grade=Grade.MUST,
        requirement="The actions complete and invalid end the logout at once. On partner_logout, the service asks "
        "the viewer to log out in the system settings as well.",
        breaks="The app shows an error although the viewer is logged out, or the login in the system settings "
        "remains.",
        remedy="Treat complete and invalid as success; on partner_logout return a message for the viewer.",
        kinds=("service-failed", "no-message"),
        citations=(citations.API_LOGOUT, citations.CHECKLIST_LOGOUT),
        needs=frozenset({"login", "logout", "logout.message"}),
        judges_app=True,
    )
    watches = frozenset[str]()

    def observe(self, seen: Observation) -> Iterator[Outcome]:
        if not isinstance(seen, VerbCall) or seen.verb != "logout":
            return
        calls = self.facts.devices.during(seen, "logout")
        actions = {str(action.get("actionName")) for call in calls for action in logouts(call).values()}
        if not actions & {"complete", "invalid", "partner_logout"}:
            return
        if seen.failure is not None and any(map(is_server_failure, calls)):
            return  # another logout of the verb failed at Adobe Pass
        if is_unreadable(seen):
            yield Unclear(reason=UNREADABLE_ANSWER, exchanges=tuple(call.id for call in calls))
            return
        partner = "partner_logout" in actions
        if partner and seen.failure is None and "message" not in seen.returns:
            return  # the driver does not read a message
        no_message = partner and says_nothing(seen.returns.get("message"))
        if seen.failure is None and not no_message:
            yield HELD
            return
        yield Broken(
            kind="service-failed" if seen.failure else "no-message",
            subject=", ".join(sorted(actions)),
            exchanges=tuple(call.id for call in calls),
            device=seen.device,
            expected="a message about the system settings"
            if no_message
            else f"success for the action {', '.join(sorted(actions))}",
            observed=seen.failure or "the app got no message",
        )
