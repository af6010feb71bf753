"""The service waits for a login by polling its code."""

from __future__ import annotations

from collections.abc import Iterator

from pass_harness.conformance.bounded import Bounded
from pass_harness.conformance.facts.assumed_logins import AssumedLogins
from pass_harness.conformance.facts.exchanges import DECISIONS, PROFILE_ANSWERS, PROFILE_QUERIES, profiles
from pass_harness.conformance.facts.logins import reports_profile_gone
from pass_harness.conformance.facts.repeated_requests import (
    MANY_REQUESTS,
    QUICK_S,
    STEADY_REQUESTS,
    RepeatedRequests,
)
from pass_harness.conformance.facts.sessions import KEPT_CODES, POLL_ENDPOINTS, STARTS, Session
from pass_harness.conformance.facts.shared_facts import SharedFacts
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import HELD, Broken, Expectations, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Grade, Rule
from pass_harness.mock_server.exchange import Exchange

BY_SESSION = frozenset({"sessions.retrieve", "sessions.resume"})
"""Endpoints that a second screen calls with the code, too."""


class PollsByCode(Rule):
    card = Card(
        id="authentication.polls-by-code",
        title="The service waits for a login by polling its code",
        grade=Grade.MUST,
        requirement="While a viewer logs in, the service polls profiles/code/{code} and no other profiles endpoint, "
        "and neither sessions/{code} nor decisions in its place. A look at the profiles now and then is allowed, for "
        f"example when the viewer opens the app again: {STEADY_REQUESTS} requests at equal intervals are polling, so "
        f"are {MANY_REQUESTS} requests less than {QUICK_S:g} s apart. A browser at redirectUrl shows no login: a "
        "response of Adobe Pass does.",
        breaks="A request for all profiles is a costly lookup over all TV providers, and its response does not show "
        "whose login ended.",
        remedy="Poll /api/v2/{serviceProvider}/profiles/code/{code} with the code of the session.",
        kinds=("other-endpoint-polled", "login-assumed"),
        citations=(citations.FAQ_PROFILES_ENDPOINTS, citations.COOKBOOK_POLL, citations.FAQ_IS_AUTHENTICATED),
        needs=frozenset({"login"}),
    )
    watches = POLL_ENDPOINTS | PROFILE_ANSWERS | DECISIONS | BY_SESSION

    def __init__(self, expectations: Expectations, facts: SharedFacts) -> None:
        super().__init__(expectations, facts)
        self._assumed = AssumedLogins(facts.devices)
        self._repeated: RepeatedRequests[tuple[str, str]] = RepeatedRequests()
        """Requests other than polls, by their kind and the code that they may wait for."""
        self._refused: RepeatedRequests[tuple[str, str]] = RepeatedRequests(many=0, shortest_s=1.0)
        """The same of decisions for a device without a profile, of which a catalogue causes several at once."""
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
        elif seen.endpoint in STARTS:
            # A new session is another attempt to log in, which the earlier profiles requests belong to.
            session = sessions.current(seen)
            if session is not None:
                self._repeated.forget(("profiles", session.code))
        elif seen.status == 200 and seen.endpoint in PROFILE_QUERIES:
            yield from self._other("profiles", sessions.current(seen), seen)
        elif seen.endpoint in DECISIONS and reports_profile_gone(seen):
            yield from self._other("decisions", sessions.current(seen), seen)
        elif seen.status == 200 and seen.endpoint in BY_SESSION:
            session = sessions.get(seen.code)
            if session is not None and not self._polled.get(session.code):
                yield from self._other("session", session, seen)

    def _poll(self, code: str, seen: Exchange) -> Iterator[Outcome]:
        if profiles(seen):
            self._over.put(code, True)
        if not self._polled.get(code):
            self._polled.put(code, True)
            yield HELD

    def _other(self, kind: str, session: Session | None, seen: Exchange) -> Iterator[Outcome]:
        if session is None or seen.wall >= session.expires_s or self._over.get(session.code):
            return
        code = session.code
        if profiles(seen):
            self._over.put(code, True)  # the last request of a series, if it is one
        repeated = self._refused if seen.endpoint in DECISIONS else self._repeated
        if requests := repeated.add((kind, code), seen):
            yield Broken(
                kind="other-endpoint-polled",
                subject=seen.endpoint,
                exchanges=tuple(request.id for request in requests),
                device=seen.device,
                expected=f"polls of profiles/code/{code}",
                observed=f"{len(requests)} requests to {seen.path} while the viewer was logging in",
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
