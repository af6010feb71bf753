"""A returning device is looked up by its TV provider."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pass_harness.conformance.bounded import Bounded
from pass_harness.conformance.facts.actions import Candidates
from pass_harness.conformance.facts.devices import arrived_during
from pass_harness.conformance.facts.exchanges import PROFILE_QUERIES
from pass_harness.conformance.facts.logins import LOGIN_ENDPOINTS, Login, Logins
from pass_harness.conformance.facts.shared_facts import SharedFacts
from pass_harness.conformance.facts.visits import PARTNER_STATUS
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import HELD, NOTHING, Broken, Expectations, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Grade, Rule
from pass_harness.mock_server.exchange import Exchange

SAME_VISIT_S = 60.0
"""Seconds after a login within which a request for all profiles does not count as a return of the viewer."""


class KnownMvpdAskedDirectly(Rule):
    card = Card(
        id="authentication.known-mvpd-asked-directly",
        title="The service looks up the profile of a returning device by its TV provider",
        grade=Grade.SHOULD,
        requirement="The service remembers the TV provider of the last login. When the viewer returns, it calls "
        "profiles/{mvpd} instead of requesting all profiles. After an authorization, which may change the viewer's "
        "attributes, the service may request them from any profiles endpoint. So may apps on Apple devices that look "
        "for a profile of the partner, with AP-Partner-Framework-Status.",
        breaks="Adobe Pass has to look for profiles with every TV provider.",
        remedy="Store the profile's mvpd with the device, and call profiles/{mvpd} at the next start.",
        kinds=("all-profiles-asked",),
        citations=(
            citations.FAQ_PROFILES_ENDPOINTS,
            citations.FAQ_USER_METADATA,
            citations.CHECKLIST_PROFILES_CACHING,
        ),
        needs=frozenset({"start", "login"}),
    )
    watches = LOGIN_ENDPOINTS

    def __init__(self, expectations: Expectations, facts: SharedFacts) -> None:
        super().__init__(expectations, facts)
        self._logins = Logins(facts.devices)
        self._queries: Candidates[Login] = Candidates(facts.devices)
        self._authorized: Bounded[tuple[str | None, str], bool] = Bounded()
        """Devices whose attributes an authorization may have changed; a trace without verbs shows no starts."""

    def observe(self, seen: Observation) -> Iterable[Outcome]:
        if isinstance(seen, VerbCall):
            return self._verb(seen)
        if seen.endpoint == "decisions.authorize" and seen.device and not self.facts.driven:
            self._authorized.put((seen.service_provider, seen.device), True)
        known = self._logins.of(seen) if seen.endpoint in PROFILE_QUERIES and seen.status == 200 else None
        self._logins.observe(seen)
        return self._query(seen, known) if known is not None and known.is_valid(seen.wall) else NOTHING

    def _verb(self, call: VerbCall) -> Iterator[Outcome]:
        asked = [(query, login) for query, login in self._queries.resolve(call) if arrived_during(query, call)]
        if call.verb != "start":
            return
        for query, login in asked:
            yield self._judge(query, login)
        known = self._logins.of(call)
        if not asked and known is not None and known.is_valid(call.started):
            yield HELD  # answered from storage, without a call

    def _query(self, seen: Exchange, login: Login) -> Iterator[Outcome]:
        another = login.service_provider != seen.service_provider or len({login.client, seen.client_id} - {None}) > 1
        if another or login.is_trial or PARTNER_STATUS in seen.request_headers:
            return
        if self._queries.driven:
            self._queries.add(seen, login)
        elif self._authorized.pop((seen.service_provider, seen.device or "")) is None and (
            seen.wall - login.since_s > SAME_VISIT_S
        ):
            yield self._judge(seen, login)

    def _judge(self, query: Exchange, login: Login) -> Outcome:
        if query.endpoint == "profiles.mvpd":
            return HELD
        return Broken(
            kind="all-profiles-asked",
            exchanges=(login.exchange, query.id),
            device=query.device,
            expected=f"a call to profiles/{login.mvpds[0]}, known from the last login",
            observed="the service requested all profiles",
        )
