"""The service looks up the profiles of a device before its first login."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pass_harness.conformance.bounded import Bounded
from pass_harness.conformance.facts.breaker import MAY_BE_OPEN
from pass_harness.conformance.facts.exchanges import DECISIONS, PROFILE_QUERIES, errors
from pass_harness.conformance.facts.logins import needs_no_login
from pass_harness.conformance.facts.shared_facts import SharedFacts
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import NOTHING, ONE_HELD, Broken, Expectations, Outcome, Unclear
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Grade, Rule
from pass_harness.mock_server.exchange import Exchange

Device = tuple[str | None, str]

ENDED = frozenset({"authenticated_profile_expired", "authenticated_profile_invalidated"})
"""Codes of the errors with which a decision shows that the login of a device has ended."""
EARLIER_S = 600.0
"""Seconds from a look-up of the profiles to the login, at most."""
BEGAN_LATER = (
    "the record may have begun in the middle of a visit, after the profiles request: it has no registration, and "
    f"begins less than {EARLIER_S / 60:g} minutes before the login"
)


class ProfilesCheckedFirst(Rule):
    card = Card(
        id="authentication.profiles-checked-first",
        title="The service looks up a device's profiles before its first login",
        grade=Grade.SHOULD,
        requirement="Before it creates the first authentication session of a device, the service requests the "
        "device's profiles. The viewer may be logged in already, from an earlier visit or by single sign-on. A "
        "session that needs no login, such as that of a TempPass, needs no look-up.",
        breaks="Viewers who are logged in have to log in again.",
        remedy="Request profiles when the app starts, and create a session only if there are none.",
        kinds=("session-came-first",),
        citations=(
            citations.COOKBOOK_CHECK_PROFILES,
            citations.FAQ_IS_AUTHENTICATED,
            citations.FAQ_AUTHENTICATION_MANDATORY,
        ),
        needs=frozenset({"login"}),
    )
    watches = PROFILE_QUERIES | DECISIONS | {"sessions.create", "logout"}

    def __init__(self, expectations: Expectations, facts: SharedFacts) -> None:
        super().__init__(expectations, facts)
        self._known: Bounded[Device, bool] = Bounded()

    def observe(self, seen: Observation) -> Iterable[Outcome]:
        if isinstance(seen, VerbCall) or not seen.device:
            return NOTHING
        device = (seen.service_provider, seen.device)
        known = self._known.get(device)
        if seen.endpoint != "sessions.create":
            if known is None and _shows_profiles(seen):
                self._known.put(device, True)
        elif not needs_no_login(seen):
            self._known.put(device, True)
            return ONE_HELD if known else self._first_session(seen)
        return NOTHING

    def _first_session(self, seen: Exchange) -> Sequence[Outcome]:
        if not self.facts.driven and not self.facts.has_registration and seen.wall - self.facts.began_s <= EARLIER_S:
            return (Unclear(reason=BEGAN_LATER, exchanges=(seen.id,)),)
        if self.facts.breaker.may_open(seen.wall - EARLIER_S, seen.wall):
            return (Unclear(reason=MAY_BE_OPEN, exchanges=(seen.id,)),)
        return (
            Broken(
                kind="session-came-first",
                exchanges=(seen.id,),
                device=seen.device,
                expected="a profiles request for the device before its first session",
                observed="the service created the session first",
            ),
        )


def _shows_profiles(seen: Exchange) -> bool:
    """Return whether the service requests the profiles of a device, or learns that its login has ended."""
    if seen.endpoint in PROFILE_QUERIES or seen.endpoint == "logout":
        return True
    return any(error.get("code") in ENDED for error in errors(seen))
