"""A viewer who logs out is logged out at Adobe Pass too."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

import msgspec

from pass_harness.conformance.facts.devices import UNATTRIBUTED
from pass_harness.conformance.facts.exchanges import form
from pass_harness.conformance.facts.logins import LOGIN_ENDPOINTS, Login, Logins
from pass_harness.conformance.facts.shared_facts import SharedFacts
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import HELD, Broken, Expectations, Outcome, Unclear
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Grade, Rule

LATER_S = 5.0
"""Seconds after its answer to the app within which the service calls Adobe Pass."""
ENDED_EARLY = f"the record ends less than {LATER_S:g} s after a logout, in which the service may call Adobe Pass"


class OnRequest(Rule):
    card = Card(
        id="logout.on-request",
        title="When a viewer logs out, the service calls logout at Adobe Pass",
        grade=Grade.MUST,
        requirement="When a logged-in viewer logs out, the service calls logout/{mvpd} with redirectUrl. It may "
        f"answer the app first and call Adobe Pass up to {LATER_S:g} s later.",
        breaks="The profile stays valid: the next person on the device is still logged in as the previous viewer.",
        remedy="Call GET /api/v2/{serviceProvider}/logout/{mvpd}?redirectUrl=… before you delete the profile.",
        kinds=("no-logout-call", "no-redirect-url"),
        citations=(citations.CHECKLIST_LOGOUT, citations.COOKBOOK_LOGOUT, citations.API_LOGOUT),
        needs=frozenset({"login", "logout"}),
        judges_app=True,
    )
    watches = LOGIN_ENDPOINTS

    def __init__(self, expectations: Expectations, facts: SharedFacts) -> None:
        super().__init__(expectations, facts)
        self._logins = Logins(facts.devices)
        self._pending: deque[tuple[VerbCall, Login]] = deque()
        """Logouts without a call to Adobe Pass yet, oldest first."""

    def observe(self, seen: Observation) -> Iterator[Outcome]:
        while self._pending and self.facts.now_s > self._pending[0][0].ended + LATER_S:
            yield self._judge(*self._pending.popleft())
        if not isinstance(seen, VerbCall):
            if seen.endpoint != "logout":
                self._logins.observe(seen)
            return
        login = self._logins.of(seen)
        if seen.verb != "logout" or login is None or not login.is_valid(seen.started):
            return
        if seen.failure is not None or self.facts.devices.during(seen, "logout"):
            yield self._judge(seen, login)
        else:
            self._pending.append((seen, login))
        self._logins.forget(seen)

    def finish(self) -> Iterator[Outcome]:
        for call, login in self._pending:
            outcome = self._judge(call, login)
            yield outcome if outcome is HELD else Unclear(reason=ENDED_EARLY, exchanges=(login.exchange,))

    def _judge(self, call: VerbCall, login: Login) -> Outcome:
        longer = msgspec.structs.replace(call, ended=call.ended + LATER_S)
        calls = self.facts.devices.during(longer, "logout")
        unknown = self.facts.devices.unattributed(longer, "logout") if not calls else ()
        if unknown:
            return Unclear(reason=UNATTRIBUTED, exchanges=tuple(one.id for one in unknown))
        if calls and all(form(one.query).get("redirectUrl") for one in calls):
            return HELD
        return Broken(
            kind="no-redirect-url" if calls else "no-logout-call",
            exchanges=(login.exchange, *(one.id for one in calls)),
            device=call.device,
            expected=f"GET logout/{login.mvpds[0]} with redirectUrl",
            observed="a logout call without redirectUrl" if calls else "no logout call",
        )
