"""No login follows a session response with the actionName authorize."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pass_harness.conformance.bounded import Bounded
from pass_harness.conformance.durations import span
from pass_harness.conformance.facts.exchanges import DECISIONS, PROFILE_QUERIES, ended
from pass_harness.conformance.facts.logins import needs_no_login
from pass_harness.conformance.facts.shared_facts import SharedFacts
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import HELD, NOTHING, ONE_HELD, Broken, Expectations, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Grade, Rule
from pass_harness.mock_server.exchange import Exchange

UNNECESSARY_WITHIN_S = 60.0
"""Seconds within which another session for the same TV provider counts as an unnecessary login."""

Login = tuple[str | None, str, str | None]


class NoLoginWhenAuthorized(Rule):
    card = Card(
        id="authentication.no-login-when-authorized",
        title="The service starts no login when the session's actionName is authorize",
        grade=Grade.MUST,
        requirement="If the session response has the actionName authorize (the device is logged in, has temporary "
        "access, or access is degraded), the service continues with decisions. It does not poll and creates no "
        "further session.",
        breaks="Viewers who may already watch have to log in, and during a degradation no viewer can log in.",
        remedy="Check actionName: continue with decisions on authorize, and with the login on authenticate and "
        "resume.",
        kinds=("another-session",),
        citations=(citations.API_CREATE_SESSION, citations.FAQ_DEGRADED_ACCESS),
        needs=frozenset({"login"}),
    )
    watches = DECISIONS | PROFILE_QUERIES | {"logout", "sessions.create"}

    def __init__(self, expectations: Expectations, facts: SharedFacts) -> None:
        super().__init__(expectations, facts)
        self._authorized: Bounded[Login, Exchange] = Bounded()

    def observe(self, seen: Observation) -> Iterable[Outcome]:
        if isinstance(seen, VerbCall) or not seen.device:
            return NOTHING
        login = (seen.service_provider, seen.device, seen.mvpd)
        before = self._authorized.pop(login)
        if seen.endpoint != "sessions.create":
            return NOTHING if before is None else ONE_HELD
        if needs_no_login(seen):
            self._authorized.put(login, seen)
        if before is None or not ended(before) < seen.wall < before.wall + UNNECESSARY_WITHIN_S:
            return NOTHING
        return [self._again(before, seen)]

    def finish(self) -> Iterator[Outcome]:
        for _ in self._authorized:
            yield HELD

    def _again(self, before: Exchange, seen: Exchange) -> Broken:
        return Broken(
            kind="another-session",
            exchanges=(before.id, seen.id),
            device=seen.device,
            expected="decisions after a session response with the actionName authorize",
            observed=f"another session for {seen.mvpd} was created {span(seen.wall - before.wall)} later",
        )
