"""A login ends when Adobe Pass reports its profile gone."""

from __future__ import annotations

from collections.abc import Iterator

from pass_harness.conformance.bounded import Bounded
from pass_harness.conformance.facts.exchanges import DECISIONS, profiles
from pass_harness.conformance.facts.logins import LOGIN_ENDPOINTS, Logins, needs_no_login, reports_profile_gone
from pass_harness.conformance.facts.sessions import STARTS
from pass_harness.conformance.facts.shared_facts import SharedFacts
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import HELD, Broken, Expectations, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Grade, Rule
from pass_harness.mock_server.exchange import Exchange


class InvalidatedProfileDropped(Rule):
    card = Card(
        id="authentication.invalidated-profile-dropped",
        title="A device is not authenticated after Adobe Pass reports its profile gone",
        grade=Grade.MUST,
        requirement="When a decision reports that the authenticated profile is missing, expired or invalidated, the "
        "service deletes the login that it stored. The device may still be authenticated by a profile of another TV "
        "provider, or continue without a login (a TempPass, or degraded access).",
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

    def observe(self, seen: Observation) -> Iterator[Outcome]:
        if isinstance(seen, VerbCall):
            yield from self._verb(seen)
            return
        self._logins.observe(seen)
        if profiles(seen) or (seen.endpoint in STARTS and needs_no_login(seen)):
            for name in self.facts.devices.names(seen):
                self._gone.pop(name)
        elif seen.endpoint in DECISIONS and reports_profile_gone(seen):
            for name in self.facts.devices.names(seen):
                self._gone.put(name, seen)

    def _verb(self, call: VerbCall) -> Iterator[Outcome]:
        report = next(
            (gone for name in self.facts.devices.names(call) if (gone := self._gone.get(name)) is not None), None
        )
        if call.verb not in {"status", "start"} or report is None or call.started < report.wall:
            return
        # What is left of the logins after the report is with another TV provider.
        other = self._logins.of(call)
        if other is not None and other.is_valid(call.started):
            return
        if call.returns.get("state") != "authenticated":
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
