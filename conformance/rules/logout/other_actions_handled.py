"""A logout that needs no browser succeeds."""

from __future__ import annotations

from collections.abc import Iterator

from pass_harness.conformance.facts.actions import RecentExchanges
from pass_harness.conformance.facts.logouts import logouts
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import HELD, Broken, Expectations, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Rule, Severity


class OtherActionsHandled(Rule):
    card = Card(
        id="logout.other-actions-handled",
        title="Logouts that need no browser succeed",
        severity=Severity.MUST,
        requirement="The actions complete and invalid end the logout at once. On partner_logout, the service asks "
        "the viewer to log out in the system settings as well.",
        breaks="The app shows an error although the viewer is logged out, or the login in the system settings "
        "remains.",
        remedy="Treat complete and invalid as success; on partner_logout return a message for the viewer.",
        kinds=("service-failed", "no-message"),
        citations=(citations.API_LOGOUT, citations.CHECKLIST_LOGOUT),
        needs=frozenset({"login", "logout"}),
        judges_app=True,
    )
    watches = frozenset({"logout"})

    def __init__(self, expectations: Expectations) -> None:
        super().__init__(expectations)
        self._recent = RecentExchanges()

    def observe(self, seen: Observation) -> Iterator[Outcome]:
        if not isinstance(seen, VerbCall):
            if logouts(seen):
                self._recent.add(seen)
            return
        calls = self._recent.during(seen) if seen.verb == "logout" else []
        actions = {str(action.get("actionName")) for call in calls for action in logouts(call).values()}
        if not actions & {"complete", "invalid", "partner_logout"}:
            return
        no_message = "partner_logout" in actions and not seen.returns.get("message")
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
