"""The service stores which viewers are logged in."""

from __future__ import annotations

from collections.abc import Iterator

from pass_harness.conformance.bounded import Bounded
from pass_harness.conformance.facts.exchanges import PROFILE_QUERIES, allows_retry, profiles
from pass_harness.conformance.facts.logins import LOGIN_ENDPOINTS, Login, Logins
from pass_harness.conformance.facts.polling_on import MISSED, SHORTEST_PAUSE_S
from pass_harness.conformance.facts.sessions import KEPT_CODES
from pass_harness.conformance.facts.shared_facts import SharedFacts
from pass_harness.conformance.facts.visits import Visit, Visits
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import HELD, Broken, Expectations, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Grade, Rule
from pass_harness.mock_server.exchange import Exchange

VERBS = frozenset({"status", "start"})


class ProfileRemembered(Rule):
    card = Card(
        id="authentication.profile-remembered",
        title="The service answers from its own storage whether a viewer is logged in",
        grade=Grade.MUST,
        requirement="After a login the service keeps the parts of the profile that it needs in persistent storage. "
        "While the profile is valid, a request for the status causes no profiles call, by code neither, except one "
        "to profiles/{mvpd} when the viewer returns to the app or the service has restarted (to any profiles "
        "endpoint if it carries AP-Partner-Framework-Status, on Apple devices), and one for the latest attributes "
        "after an authorization. After a restart, the attributes that the app got before are still there.",
        breaks="Every screen of every viewer costs a call to Adobe Pass, and an outage there logs every viewer out.",
        remedy="Store mvpd, attributes and notAfter of the profile with the device, and answer from there.",
        kinds=("profiles-asked", "attributes-lost"),
        citations=(
            citations.CHECKLIST_PROFILES_CACHING,
            citations.FAQ_PROFILES_CACHING,
            citations.FAQ_PROFILES_ENDPOINTS,
            citations.FAQ_USER_METADATA,
        ),
        needs=frozenset({"login", "status"}),
        judges_app=True,
    )
    watches = LOGIN_ENDPOINTS

    def __init__(self, expectations: Expectations, facts: SharedFacts) -> None:
        super().__init__(expectations, facts)
        self._logins = Logins(facts.devices)
        self._shown: Bounded[str, tuple[int, frozenset[str]]] = Bounded()
        """Id of the login's exchange, and names of the attributes that the app got, by device."""
        self._visits = Visits()
        self._brought: Bounded[str, tuple[int, float]] = Bounded(KEPT_CODES)
        """Number of polls of each code that has brought a profile, from that one on, and time of the latest one."""
        self._again: Bounded[int, bool] = Bounded(KEPT_CODES)
        """Ids of polls that read the profile of a code for the second time, or more often, after a pause."""

    def observe(self, seen: Observation) -> Iterator[Outcome]:
        if not isinstance(seen, VerbCall):
            self._logins.observe(seen)
            self._poll(seen)
            return
        visit = self._visits.of(seen)
        login = self._logins.of(seen)
        # The service could not know a login before the verb that brought it.
        if seen.verb not in VERBS or login is None or login.since_s > seen.started or login.until_s < seen.ended:
            return
        if login.is_trial:
            return  # the rest of a trial changes with each playback
        calls = self.facts.devices.during(seen, *PROFILE_QUERIES, "profiles.code")
        own = [one for one in calls if one.endpoint in PROFILE_QUERIES or self._again.get(one.id)]
        asked = [one for one in own if not allows_retry(one)]
        if not visit.allows(asked):
            yield _asked(asked, visit, seen)
        elif lost := self._lost(login, seen):
            yield Broken(
                kind="attributes-lost",
                subject=", ".join(sorted(lost)),
                exchanges=(login.exchange,),
                device=seen.device,
                expected="the attributes of the profile after a restart",
                observed=f"missing after the restart: {', '.join(sorted(lost))}",
            )
        else:
            yield HELD

    def _poll(self, seen: Exchange) -> None:
        """Count the polls of a code that has brought a profile already; a look-up of a second screen is none."""
        code = self.facts.polls.code
        if code is None:
            return
        count, latest_s = self._brought.get(code) or (0, seen.wall)
        if count or profiles(seen):
            self._brought.put(code, (count + 1, seen.wall))
        pause_s = max(self.facts.polls.interval_s(code) * MISSED, SHORTEST_PAUSE_S)
        if count > 1 and seen.wall - latest_s > pause_s:  # a shorter pause is that of a poller, for another rule
            self._again.put(seen.id, True)

    def _lost(self, login: Login, call: VerbCall) -> frozenset[str]:
        """Return the attributes of this login that the app got before a restart and does not get now."""
        attributes = call.returns.get("attributes")
        if not isinstance(attributes, dict):
            return frozenset()
        before = self._shown.get(call.device)
        self._shown.put(call.device, (login.exchange, frozenset(attributes)))
        if not self._visits.restarted or before is None or before[0] != login.exchange:
            return frozenset()
        return before[1] - attributes.keys()


def _asked(asked: list[Exchange], visit: Visit, call: VerbCall) -> Broken:
    return Broken(
        kind="profiles-asked",
        subject=call.verb,
        exchanges=tuple(query.id for query in asked),
        device=call.device,
        expected=f"{visit.allowed} during the verb {call.verb} of a logged-in device",
        observed=f"calls: {', '.join(query.path for query in asked)}",
    )
