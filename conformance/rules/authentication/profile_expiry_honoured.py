"""A login ends when its profile expires."""

from __future__ import annotations

from collections.abc import Iterator

from pass_harness.conformance.durations import span
from pass_harness.conformance.facts.logins import LOGIN_ENDPOINTS, Login, Logins, Providers
from pass_harness.conformance.facts.shared_facts import SharedFacts
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import HELD, Broken, Expectations, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Grade, Rule

MARGIN_S = 2.0
"""Seconds by which clocks may differ."""


class ProfileExpiryHonoured(Rule):
    card = Card(
        id="authentication.profile-expiry-honoured",
        title="A device is not authenticated after its profile has expired",
        grade=Grade.MUST,
        requirement="The service respects the validity of a profile: after its notAfter, the device is not "
        "authenticated, unless Adobe Pass lets it continue without a login (a TempPass, or degraded access).",
        breaks="The app offers content that the viewer can no longer play, and every playback ends in an error.",
        remedy="Store notAfter with the profile, and compare it with the clock at each request for the state.",
        kinds=("authenticated-after-expiry",),
        citations=(citations.COOKBOOK_REQUIREMENTS, citations.CHECKLIST_PROFILES_CACHING),
        needs=frozenset({"login", "status"}),
        judges_app=True,
    )
    watches = LOGIN_ENDPOINTS

    def __init__(self, expectations: Expectations, facts: SharedFacts) -> None:
        super().__init__(expectations, facts)
        self._logins, self._providers = Logins(facts.devices), Providers(facts.devices)

    def observe(self, seen: Observation) -> Iterator[Outcome]:
        if not isinstance(seen, VerbCall):
            self._logins.observe(seen)
            self._providers.observe(seen)
            return
        login = self._logins.of(seen)
        if seen.returns.get("state") is None or login is None or seen.started < login.until_s + MARGIN_S:
            return
        if self._logins.was_authorized(seen, login.until_s) or self._providers.any_valid(seen, seen.started):
            return
        yield HELD if seen.returns["state"] != "authenticated" else self._late(login, seen)

    def _late(self, login: Login, seen: VerbCall) -> Broken:
        return Broken(
            kind="authenticated-after-expiry",
            subject=seen.verb,
            exchanges=(login.exchange,),
            device=seen.device,
            expected="a device that is not authenticated after its profile's notAfter",
            observed=f"{seen.verb} returned the state authenticated {span(seen.started - login.until_s)} after it",
            margin_s=seen.started - login.until_s - MARGIN_S,
        )
