"""The service looks up the profiles of a device before its first login."""

from __future__ import annotations

from collections.abc import Iterator

from pass_harness.conformance.bounded import Bounded
from pass_harness.conformance.facts.exchanges import PROFILE_QUERIES
from pass_harness.conformance.facts.logins import needs_no_login
from pass_harness.conformance.facts.shared_facts import SharedFacts
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import HELD, Broken, Expectations, Outcome, Unclear
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Grade, Rule

Device = tuple[str | None, str]

VISIT_S = 600.0
"""Seconds after its app has started within which a viewer begins the first login."""
BEGAN_LATER = (
    "the record may have begun in the middle of a visit, after the profiles request: it has no registration, and "
    f"begins less than {VISIT_S / 60:g} minutes before the login"
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
    watches = PROFILE_QUERIES | {"sessions.create"}

    def __init__(self, expectations: Expectations, facts: SharedFacts) -> None:
        super().__init__(expectations, facts)
        self._known: Bounded[Device, bool] = Bounded()

    def observe(self, seen: Observation) -> Iterator[Outcome]:
        if isinstance(seen, VerbCall) or not seen.device:
            return
        device = (seen.service_provider, seen.device)
        if seen.endpoint in PROFILE_QUERIES:
            self._known.put(device, True)
        elif needs_no_login(seen):
            return
        elif not self._known.get(device):
            self._known.put(device, True)
            if self._may_have_asked_before(seen.wall):
                yield Unclear(reason=BEGAN_LATER, exchanges=(seen.id,))
                return
            yield Broken(
                kind="session-came-first",
                exchanges=(seen.id,),
                device=seen.device,
                expected="a profiles request for the device before its first session",
                observed="the service created the session first",
            )
        else:
            yield HELD

    def _may_have_asked_before(self, now_s: float) -> bool:
        """Return whether the device may have asked for its profiles before the record began."""
        return not self.facts.driven and not self.facts.has_registration and now_s - self.facts.began_s < VISIT_S
