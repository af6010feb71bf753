"""The service waits for a login by polling its code."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from pass_harness.conformance.bounded import Bounded
from pass_harness.conformance.facts.assumed_logins import AssumedLogins
from pass_harness.conformance.facts.exchanges import DECISIONS, PROFILE_ANSWERS, PROFILE_QUERIES, brief, profiles
from pass_harness.conformance.facts.polls import LONGEST_INTERVAL_S
from pass_harness.conformance.facts.sessions import KEPT_CODES, POLL_ENDPOINTS, Session
from pass_harness.conformance.facts.shared_facts import SharedFacts
from pass_harness.conformance.facts.short_gaps import are_alike
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import HELD, Broken, Expectations, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Grade, Rule
from pass_harness.mock_server.exchange import Exchange

STEADY_REQUESTS = 4
"""Number of requests at equal intervals, during a login, that count as polling."""
MANY_REQUESTS = 8
"""Number of requests that count as polling at any intervals: no viewer asks that often."""
QUICK_S = 15.0
"""Seconds between two of the many requests, at most."""


class PollsByCode(Rule):
    card = Card(
        id="authentication.polls-by-code",
        title="The service waits for a login by polling its code",
        grade=Grade.MUST,
        requirement="While a viewer logs in, the service polls profiles/code/{code} and no other profiles endpoint, "
        "nor sessions/{code} in its place. A look at the profiles now and then is allowed, for example when the "
        f"viewer opens the app again: {STEADY_REQUESTS} requests at equal intervals are polling, and so are "
        f"{MANY_REQUESTS} requests less than {QUICK_S:g} s apart. A browser at redirectUrl shows no login: "
        "a response of Adobe Pass does.",
        breaks="A request for all profiles is a costly lookup over all TV providers, and its response does not show "
        "whose login ended.",
        remedy="Poll /api/v2/{serviceProvider}/profiles/code/{code} with the code of the session.",
        kinds=("other-endpoint-polled", "login-assumed"),
        citations=(citations.FAQ_PROFILES_ENDPOINTS, citations.COOKBOOK_POLL, citations.FAQ_IS_AUTHENTICATED),
        needs=frozenset({"login"}),
    )
    watches = POLL_ENDPOINTS | PROFILE_ANSWERS | DECISIONS | {"sessions.retrieve"}

    def __init__(self, expectations: Expectations, facts: SharedFacts) -> None:
        super().__init__(expectations, facts)
        self._assumed = AssumedLogins(facts.devices)
        self._queries: Bounded[str, list[Exchange]] = Bounded(KEPT_CODES)
        self._looks: Bounded[str, list[Exchange]] = Bounded(KEPT_CODES)
        """Look-ups of the session of each code that has not been polled yet."""
        self._polled: Bounded[str, bool] = Bounded(KEPT_CODES)
        self._over: Bounded[str, bool] = Bounded(KEPT_CODES)
        """Codes whose viewer has logged in: a profiles request now does not wait for that login."""

    def observe(self, seen: Observation) -> Iterator[Outcome]:
        if isinstance(seen, VerbCall):
            if (session := self._assumed.assumed_by(seen)) is not None:
                yield _assumed(session, seen)
            return
        if self.facts.driven:
            self._assumed.observe(seen)
        sessions, code = self.facts.sessions, self.facts.polls.code
        if code is not None:
            yield from self._poll(code, seen)
        elif seen.endpoint == "sessions.create":
            # A new session is another attempt to log in, which the earlier profiles requests belong to.
            session = sessions.current(seen)
            if session is not None:
                self._queries.pop(session.code)
        elif seen.endpoint in PROFILE_QUERIES and seen.status == 200:
            session = sessions.current(seen)
            if session is not None and seen.wall < session.expires_s and not self._over.get(session.code):
                yield from self._query(session.code, seen, self._queries)
        elif seen.endpoint == "sessions.retrieve" and seen.status == 200:
            session = sessions.get(seen.code)
            if session is not None and not self._over.get(session.code) and not self._polled.get(session.code):
                yield from self._query(session.code, seen, self._looks)

    def _poll(self, code: str, seen: Exchange) -> Iterator[Outcome]:
        if profiles(seen):
            self._over.put(code, True)
        if not self._polled.get(code):
            self._polled.put(code, True)
            yield HELD

    def _query(self, code: str, seen: Exchange, kept: Bounded[str, list[Exchange]]) -> Iterator[Outcome]:
        if profiles(seen):
            self._over.put(code, True)  # the last request of a series, if it is one
        before = kept.get(code) or []
        if before and seen.wall - before[-1].wall > LONGEST_INTERVAL_S:
            before = []
        queries = [*before, brief(seen)][-MANY_REQUESTS:]
        kept.put(code, queries)
        gaps = [after.wall - query.wall for query, after in pairwise(queries)]
        steady = gaps[1 - STEADY_REQUESTS :]
        many = len(queries) == MANY_REQUESTS and max(gaps) <= QUICK_S
        if many or (len(steady) == STEADY_REQUESTS - 1 and are_alike(steady)):
            kept.pop(code)
            yield Broken(
                kind="other-endpoint-polled",
                subject=seen.endpoint,
                exchanges=tuple(query.id for query in queries),
                device=seen.device,
                expected=f"polls of profiles/code/{code}",
                observed=f"{len(queries)} requests to {seen.path} while the viewer was logging in",
            )


def _assumed(session: Session, call: VerbCall) -> Broken:
    return Broken(
        kind="login-assumed",
        subject=call.verb,
        exchanges=(session.exchange.id,),
        device=call.device,
        expected=f"the state authenticated after a profile for code {session.code}",
        observed=f"the verb {call.verb} returned it, although no response has shown a login",
    )
