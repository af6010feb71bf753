"""A login ends when Adobe Pass reports its profile gone."""

from __future__ import annotations

from collections.abc import Iterator

from pass_harness.conformance.bounded import Bounded
from pass_harness.conformance.facts.exchanges import DECISIONS, PROFILE_QUERIES, answer, profiles
from pass_harness.conformance.facts.headers import IDENTITIES
from pass_harness.conformance.facts.logins import LOGIN_ENDPOINTS, Logins, needs_no_login, reports_profile_gone
from pass_harness.conformance.facts.sessions import STARTS
from pass_harness.conformance.facts.shared_facts import SharedFacts
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import HELD, Broken, Expectations, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Grade, Rule
from pass_harness.mock_server.exchange import Exchange

MARGIN_S = 2.0
"""Seconds before the expiry of a profile in which it may be gone already."""


class InvalidatedProfileDropped(Rule):
    card = Card(
        id="authentication.invalidated-profile-dropped",
        title="A device is not authenticated after Adobe Pass reports its profile gone",
        grade=Grade.MUST,
        requirement="When a decision reports that the authenticated profile is missing, expired or invalidated, or "
        "a request for the profile of a login finds none, the service deletes the login that it stored. The device "
        "may still be authenticated by a profile of another TV provider, or continue without a login (a TempPass, or "
        "degraded access).",
        breaks="The app treats the viewer as logged in, and every playback ends in the same error.",
        remedy="On authenticated_profile_missing, authenticated_profile_expired and "
        "authenticated_profile_invalidated, delete the profile and offer a login.",
        kinds=("still-authenticated",),
        citations=(citations.COOKBOOK_REQUIREMENTS, citations.ERRORS_LIST),
        needs=frozenset({"status"}),
        judges_app=True,
    )
    watches = LOGIN_ENDPOINTS

    def __init__(self, expectations: Expectations, facts: SharedFacts) -> None:
        super().__init__(expectations, facts)
        self._logins = Logins(facts.devices)
        self._gone: Bounded[str, Exchange] = Bounded()
        self._owner: Bounded[str, str] = Bounded()
        """Service provider of the logins of each device; empty if they are of several, or of a single sign-on."""

    def observe(self, seen: Observation) -> Iterator[Outcome]:
        if isinstance(seen, VerbCall):
            yield from self._verb(seen)
            return
        self._note(seen)
        is_lost = self._is_lost(seen)
        self._logins.observe(seen)
        if profiles(seen) or (seen.endpoint in STARTS and needs_no_login(seen)):
            for name in self.facts.devices.names(seen):
                self._gone.pop(name)
        elif is_lost or (seen.endpoint in DECISIONS and reports_profile_gone(seen)):
            for name in self.facts.devices.names(seen):
                self._gone.put(name, seen)

    def _is_lost(self, seen: Exchange) -> bool:
        """Return whether a request for the profile of the device's login has found none, while it was valid."""
        if seen.endpoint not in PROFILE_QUERIES or seen.status != 200 or answer(seen).get("profiles") != {}:
            return False
        login = self._logins.of(seen)
        if login is None or login.is_trial or not login.is_valid(seen.wall + MARGIN_S):
            return False
        own = seen.mvpd is None or seen.mvpd in login.mvpds
        same_app = len({login.client, seen.client_id} - {None}) <= 1
        return own and same_app and self._owner.get(self.facts.devices.names(seen)[0]) == seen.service_provider

    def _note(self, seen: Exchange) -> None:
        shared = not IDENTITIES.isdisjoint(seen.request_headers)
        for name in self.facts.devices.names(seen) if shared or profiles(seen) else ():
            other = self._owner.get(name) not in {None, seen.service_provider}
            self._owner.put(name, "" if shared or other else seen.service_provider or "")

    def _verb(self, call: VerbCall) -> Iterator[Outcome]:
        report = next(
            (gone for name in self.facts.devices.names(call) if (gone := self._gone.get(name)) is not None), None
        )
        state = call.returns.get("state")
        if call.verb not in {"status", "start"} or state is None or report is None or call.started < report.wall:
            return
        # What is left of the logins after the report is with another TV provider.
        other = self._logins.of(call)
        if other is not None and other.is_valid(call.started):
            return
        if state != "authenticated":
            yield HELD
            return
        yield Broken(
            kind="still-authenticated",
            subject=call.verb,
            exchanges=(report.id,),
            device=call.device,
            expected="a device that is not authenticated after Adobe Pass reported its profile gone",
            observed=f"the verb {call.verb} returned the state authenticated",
        )
