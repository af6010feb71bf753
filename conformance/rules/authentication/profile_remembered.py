"""The service remembers who is logged in."""

from __future__ import annotations

from collections.abc import Iterator

from conformance import citations
from conformance.facts.actions import Recent
from conformance.facts.exchanges import PROFILE_QUERIES, asks_again
from conformance.facts.logins import LOGIN_ENDPOINTS, Logins
from conformance.observation import Observation, VerbCall
from conformance.rule import HELD, Broken, Card, Expectations, Outcome, Rule, Severity

ALLOWED = {"status": 0, "start": 1}
"""Profile queries that each verb of a device that is logged in may cost."""


class ProfileRemembered(Rule):
    card = Card(
        id="authentication.profile-remembered",
        title="The service answers from its own memory whether a viewer is logged in",
        severity=Severity.MUST,
        requirement="After a login the service keeps the parts of the profile that it needs in persistent storage. "
        "Within the profile's life a question for the status costs no profiles call, a start of the app at most one.",
        breaks="Every screen of every viewer costs a call to Adobe Pass, and an outage there logs everyone out.",
        remedy="Store mvpd, attributes and notAfter of the profile with the device, and answer from there.",
        citations=(citations.CHECKLIST_PROFILES_CACHING, citations.FAQ_PROFILES_CACHING),
        needs=frozenset({"login", "status"}),
        judges_app=True,
    )
    watches = LOGIN_ENDPOINTS

    def __init__(self, expectations: Expectations) -> None:
        super().__init__(expectations)
        self._logins = Logins()
        self._recent = Recent()

    def observe(self, seen: Observation) -> Iterator[Outcome]:
        if not isinstance(seen, VerbCall):
            self._logins.observe(seen)
            if seen.endpoint in PROFILE_QUERIES and not asks_again(seen):
                self._recent.add(seen)
            return
        login = self._logins.of(seen)
        # A login that this very verb brought was not known before.
        if seen.verb not in ALLOWED or login is None or login.since > seen.started or login.until < seen.ended:
            return
        asked = self._recent.during(seen)
        if len(asked) <= ALLOWED[seen.verb]:
            yield HELD
            return
        yield Broken(
            exchanges=tuple(query.id for query in asked),
            device=seen.device,
            expected=f"at most {ALLOWED[seen.verb]} profiles calls for {seen.verb} of a device that is logged in",
            observed=f"{len(asked)} profiles call{'s' if len(asked) > 1 else ''}",
        )
