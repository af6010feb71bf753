"""A viewer who logs out is logged out at Adobe Pass too."""

from __future__ import annotations

from collections.abc import Iterator

from pass_harness.conformance.facts.actions import RecentExchanges
from pass_harness.conformance.facts.exchanges import form
from pass_harness.conformance.facts.logins import LOGIN_ENDPOINTS, Logins
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import HELD, Broken, Expectations, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Rule, Severity


class OnRequest(Rule):
    card = Card(
        id="logout.on-request",
        title="When a viewer logs out, the service calls logout at Adobe Pass",
        severity=Severity.MUST,
        requirement="When a logged-in viewer logs out, the service calls logout/{mvpd} with redirectUrl.",
        breaks="The profile stays valid: the next person on the device is still logged in as the previous viewer.",
        remedy="Call GET /api/v2/{serviceProvider}/logout/{mvpd}?redirectUrl=… before you delete the profile.",
        kinds=("no-logout-call", "no-redirect-url"),
        citations=(citations.CHECKLIST_LOGOUT, citations.COOKBOOK_LOGOUT, citations.API_LOGOUT),
        needs=frozenset({"login", "logout"}),
        judges_app=True,
    )
    watches = LOGIN_ENDPOINTS

    def __init__(self, expectations: Expectations) -> None:
        super().__init__(expectations)
        self._logins = Logins()
        self._recent = RecentExchanges()

    def observe(self, seen: Observation) -> Iterator[Outcome]:
        if not isinstance(seen, VerbCall):
            if seen.endpoint == "logout":
                self._recent.add(seen)
            else:
                self._logins.observe(seen)
            return
        login = self._logins.of(seen)
        if seen.verb != "logout" or login is None or not login.is_valid(seen.started):
            return
        calls = self._recent.during(seen)
        if calls and all(form(call.query).get("redirectUrl") for call in calls):
            yield HELD
        else:
            yield Broken(
                kind="no-redirect-url" if calls else "no-logout-call",
                exchanges=(login.exchange, *(call.id for call in calls)),
                device=seen.device,
                expected=f"GET logout/{login.mvpds[0]} with redirectUrl",
                observed="a logout call without redirectUrl" if calls else "no logout call",
            )
        self._logins.forget(seen)
