"""Temporary access needs neither repeated sessions nor a logout."""

from __future__ import annotations

from collections.abc import Iterable

from pass_harness.conformance.bounded import Bounded
from pass_harness.conformance.durations import span
from pass_harness.conformance.facts.exchanges import DECISIONS, answer, brief
from pass_harness.conformance.facts.shared_facts import SharedFacts
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import NOTHING, ONE_HELD, Broken, Expectations, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Fault, Grade, Rule
from pass_harness.mock_server.exchange import Exchange

SESSIONS = 3
"""Number of sessions of one TempPass in `WITHIN_S` that show a session before each playback."""
WITHIN_S = 600.0
SWITCH_S = 5.0
"""Seconds between a logout and the session of another TV provider for which the service logged TempPass out."""

TempPass = tuple[str | None, str, str | None]
"""Service provider, device and MVPD."""


class TempPassNeedsNoLogin(Rule):
    card = Card(
        id="authentication.temppass-needs-no-login",
        title="Temporary access needs neither repeated sessions nor a logout",
        grade=Grade.SHOULD,
        requirement="TempPass needs no authentication: the service may go straight to the authorization, and one "
        f"session that begins the temporary access is enough ({SESSIONS} within {WITHIN_S / 60:g} minutes are too "
        "many). It needs no logout either: the service creates the session of another TV provider directly.",
        breaks="Each playback of a trial costs two calls, and every login after a trial waits for a logout.",
        remedy="Call decisions/authorize with the TempPass as mvpd, and begin a login without a logout.",
        kinds=("repeated-sessions", "logout-before-login"),
        citations=(citations.TEMPPASS_BASIC, citations.TEMPPASS_PROMOTIONAL),
        needs=frozenset({"login", "play"}),
    )
    watches = DECISIONS | {"sessions.create", "logout"}

    def __init__(self, expectations: Expectations, facts: SharedFacts) -> None:
        super().__init__(expectations, facts)
        self._sessions: Bounded[TempPass, list[Exchange]] = Bounded()
        self._used: Bounded[TempPass, bool] = Bounded()
        """Temporary accesses whose use counted as an opportunity."""
        self._logged_out: Bounded[tuple[str | None, str], Exchange] = Bounded()

    def observe(self, seen: Observation) -> Iterable[Outcome]:
        if isinstance(seen, VerbCall) or not seen.device:
            return NOTHING
        temporary = (seen.service_provider, seen.device, seen.mvpd)
        if seen.endpoint == "sessions.create":
            return self._begun(temporary, seen)
        if self._sessions.get(temporary) is None:
            return NOTHING
        if seen.endpoint == "logout":
            self._logged_out.put(temporary[:2], brief(seen))
        elif self._used.get(temporary) is None:
            self._used.put(temporary, True)
            return ONE_HELD
        return NOTHING

    def _begun(self, temporary: TempPass, seen: Exchange) -> Iterable[Outcome]:
        logout = self._logged_out.pop(temporary[:2])
        if logout is not None and logout.mvpd != seen.mvpd and seen.wall - logout.wall <= SWITCH_S:
            observed = f"logout/{logout.mvpd} came {span(seen.wall - logout.wall)} before the session of {seen.mvpd}"
            return [_needless(Fault("logout-before-login", observed), logout, seen)]
        body = answer(seen)
        if body.get("actionName") != "authorize" or body.get("reasonType") != "temporary":
            return NOTHING
        before = [one for one in self._sessions.get(temporary) or () if seen.wall - one.wall <= WITHIN_S]
        sessions = [*before, brief(seen)]
        self._sessions.put(temporary, sessions[-SESSIONS:])
        if len(sessions) != SESSIONS:
            return NOTHING
        observed = f"{SESSIONS} sessions of {seen.mvpd} in {span(seen.wall - sessions[0].wall)}"
        return [_needless(Fault("repeated-sessions", observed), *sessions)]


def _needless(fault: Fault, *calls: Exchange) -> Broken:
    return Broken(
        kind=fault.kind,
        exchanges=tuple(call.id for call in calls),
        device=calls[-1].device,
        expected="authorizations with the TempPass, without a login and a logout",
        observed=fault.observed,
    )
