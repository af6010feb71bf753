"""A login is waited for by its code."""

from __future__ import annotations

from collections.abc import Iterator

from pass_harness.conformance.bounded import Bounded
from pass_harness.conformance.facts.exchanges import PROFILE_QUERIES, brief, profiles
from pass_harness.conformance.facts.sessions import KEPT_CODES, POLL_ENDPOINTS
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import HELD, Broken, Expectations, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Rule, Severity
from pass_harness.mock_server.exchange import Exchange

POLLING = 3
"""So many profile queries of a device that waits for its login, in quick succession, are polling."""
QUICK = 15.0
"""Seconds between two of them."""


class PollsByCode(Rule):
    card = Card(
        id="authentication.polls-by-code",
        title="A login is waited for by polling its code",
        severity=Severity.MUST,
        requirement="While a viewer logs in, the service polls profiles/code/{code} and no other profiles endpoint.",
        breaks="The list of profiles is a costly look-up over all TV providers, and cannot tell whose login ended.",
        remedy="Poll /api/v2/{serviceProvider}/profiles/code/{code} with the code of the session.",
        kinds=("other-endpoint-polled",),
        citations=(citations.FAQ_PROFILES_ENDPOINTS, citations.COOKBOOK_POLL),
        needs=frozenset({"login"}),
    )
    watches = POLL_ENDPOINTS | PROFILE_QUERIES

    def __init__(self, expectations: Expectations) -> None:
        super().__init__(expectations)
        self._queries: Bounded[str, list[Exchange]] = Bounded(KEPT_CODES)
        self._polled: Bounded[str, bool] = Bounded(KEPT_CODES)
        self._over: Bounded[str, bool] = Bounded(KEPT_CODES)
        """Codes with which somebody has logged in: whoever asks for profiles now does not wait for them."""

    def observe(self, seen: Observation) -> Iterator[Outcome]:
        if isinstance(seen, VerbCall):
            return
        sessions = self.facts.sessions
        if sessions.polled is not None:
            yield from self._poll(sessions.polled, seen)
        elif seen.endpoint == "sessions.create":
            # Another attempt to log in, if it came to nothing: the query before it was part of that.
            session = sessions.current(seen)
            if session is not None:
                self._queries.pop(session.code)
        elif seen.endpoint in PROFILE_QUERIES and seen.status == 200:
            session = sessions.current(seen)
            if session is not None and seen.wall < session.expires and not self._over.get(session.code):
                yield from self._query(session.code, seen)

    def _poll(self, code: str, seen: Exchange) -> Iterator[Outcome]:
        if profiles(seen):
            self._over.put(code, True)
        if not self._polled.get(code):
            self._polled.put(code, True)
            yield HELD

    def _query(self, code: str, seen: Exchange) -> Iterator[Outcome]:
        if profiles(seen):
            self._over.put(code, True)
            return
        before = self._queries.get(code) or []
        if before and seen.wall - before[-1].wall > QUICK:
            before = []
        queries = [*before, brief(seen)]
        self._queries.put(code, queries[: POLLING + 1])
        if len(queries) == POLLING:
            yield Broken(
                kind="other-endpoint-polled",
                subject=seen.endpoint,
                exchanges=tuple(query.id for query in queries),
                device=seen.device,
                expected=f"polls of profiles/code/{code}",
                observed=f"{POLLING} queries of {seen.path} while the viewer was logging in",
            )
