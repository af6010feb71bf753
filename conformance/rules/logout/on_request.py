"""A viewer who logs out is logged out at Adobe Pass too."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

import msgspec

from pass_harness.conformance.bounded import Bounded
from pass_harness.conformance.facts.devices import UNATTRIBUTED
from pass_harness.conformance.facts.exchanges import decisions, form, profiles
from pass_harness.conformance.facts.logins import LOGIN_ENDPOINTS, Login, Logins, needs_no_login
from pass_harness.conformance.facts.shared_facts import SharedFacts
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import HELD, Broken, Expectations, Outcome, Unclear
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Fault, Grade, Rule
from pass_harness.mock_server.exchange import Exchange

REJECTIONS = frozenset({400, 401, 405})
"""Statuses of a logout call that Adobe's page documents as the client's fault, and that leave the profile valid."""
LATER_S = 5.0
"""Seconds after its answer to the app within which the service calls Adobe Pass."""
ENDED_EARLY = f"the record ends less than {LATER_S:g} s after a logout, in which the service may call Adobe Pass"


class OnRequest(Rule):
    card = Card(
        id="logout.on-request",
        title="When a viewer logs out, the service calls logout at Adobe Pass",
        grade=Grade.MUST,
        requirement="When a logged-in viewer logs out, the service calls logout/{mvpd} with redirectUrl, for a TV "
        f"provider of the device. It may answer the app first and call Adobe Pass up to {LATER_S:g} s later. A call "
        "that Adobe Pass rejects is corrected (after a 401, with a new access token), or the app learns that the "
        "logout failed. A TempPass needs no logout.",
        breaks="The profile stays valid: the next person on the device is still logged in as the previous viewer.",
        remedy="Call GET /api/v2/{serviceProvider}/logout/{mvpd}?redirectUrl=… before you delete the profile.",
        kinds=("no-logout-call", "no-redirect-url", "rejection-ignored"),
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
        self._providers: Bounded[str, frozenset[str | None]] = Bounded()
        """TV providers with which Adobe Pass ever showed each device to be logged in."""

    def observe(self, seen: Observation) -> Iterator[Outcome]:
        while self._pending and self.facts.now_s > self._pending[0][0].ended + LATER_S:
            yield self._judge(*self._pending.popleft())
        if not isinstance(seen, VerbCall):
            if seen.endpoint != "logout":
                self._logins.observe(seen)
            for name in self.facts.devices.names(seen) if (found := _providers(seen)) else ():
                self._providers.put(name, (self._providers.get(name) or frozenset()) | found)
            return
        login = self._logins.of(seen)
        if seen.verb != "logout" or login is None or not login.is_valid(seen.started) or login.is_trial:
            return
        wrong = _wrong(*self._calls(seen, login), seen)
        if seen.failure is not None or wrong is None or wrong.kind == "no-redirect-url":
            yield self._judge(seen, login)
        else:
            self._pending.append((seen, login))
        self._logins.forget(seen)

    def finish(self) -> Iterator[Outcome]:
        for call, login in self._pending:
            yield (
                HELD if self._judge(call, login) is HELD else Unclear(reason=ENDED_EARLY, exchanges=(login.exchange,))
            )

    def _calls(self, call: VerbCall, login: Login) -> tuple[list[Exchange], list[Exchange]]:
        """Return the logout calls of the device during a verb, those of its own TV providers apart from others."""
        own = {*login.mvpds, None}
        for name in self.facts.devices.names(call):
            own |= self._providers.get(name) or frozenset()
        calls = self.facts.devices.during(call, "logout")
        return [one for one in calls if one.mvpd in own], [one for one in calls if one.mvpd not in own]

    def _judge(self, call: VerbCall, login: Login) -> Outcome:
        longer = msgspec.structs.replace(call, ended=call.ended + LATER_S)
        calls, others = self._calls(longer, login)
        unknown = self.facts.devices.unattributed(longer, "logout") if not calls and not others else ()
        if unknown:
            return Unclear(reason=UNATTRIBUTED, exchanges=tuple(one.id for one in unknown))
        if (wrong := _wrong(calls, others, call)) is None:
            return HELD
        return Broken(
            kind=wrong.kind,
            exchanges=(login.exchange, *(one.id for one in calls or others)),
            device=call.device,
            expected=f"GET logout/{login.mvpds[0]} with redirectUrl",
            observed=wrong.observed,
        )


def _providers(seen: Exchange) -> frozenset[str | None]:
    """Return the TV providers with which Adobe Pass shows the device to be logged in."""
    permitted = any(decision.get("authorized") is True for decision in decisions(seen))
    return frozenset({seen.mvpd} if permitted or needs_no_login(seen) else profiles(seen))


def _wrong(calls: list[Exchange], others: list[Exchange], call: VerbCall) -> Fault | None:
    if not calls:
        return Fault("no-logout-call", f"only logout/{others[0].mvpd} was called" if others else "no logout call")
    if not all(form(one.query).get("redirectUrl") for one in calls):
        return Fault("no-redirect-url", "a logout call without redirectUrl")
    # A logout at a TV provider whose integration was disabled cannot be corrected.
    rejected = [one for one in calls if one.status in REJECTIONS and "invalid_integration" not in one.response_body]
    if rejected == calls and call.failure is None:
        return Fault("rejection-ignored", f"the call was rejected with {calls[-1].status}, and the app got a success")
    return None
