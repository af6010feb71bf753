"""No login follows a session response with the actionName authorize."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pass_harness.conformance.bounded import Bounded
from pass_harness.conformance.durations import span
from pass_harness.conformance.facts.exchanges import DECISIONS, PROFILE_QUERIES, ended
from pass_harness.conformance.facts.logins import needs_no_login
from pass_harness.conformance.facts.machine_rhythm import FAST_S
from pass_harness.conformance.facts.shared_facts import SharedFacts
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import HELD, NOTHING, ONE_HELD, Broken, Expectations, Outcome, Unclear
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Grade, Rule
from pass_harness.mock_server.exchange import Exchange

UNNECESSARY_WITHIN_S = 60.0
"""Seconds within which another session for the same TV provider counts as an unnecessary login."""
UNFINISHED = (
    "the record ends before a decision shows whether the viewer chose a TV provider twice, or the service did"
)

Login = tuple[str | None, str, str | None]


class NoLoginWhenAuthorized(Rule):
    card = Card(
        id="authentication.no-login-when-authorized",
        title="The service starts no login when the session's actionName is authorize",
        grade=Grade.MUST,
        requirement="If the session response has the actionName authorize (the device is logged in, has temporary "
        "access, or access is degraded), the service continues with decisions. It does not poll and creates no "
        "further session. One more may be the viewer's, who chose the TV provider again, if decisions follow it.",
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
        self._repeated: Bounded[Login, Broken] = Bounded()
        """Second sessions for which the viewer may have chosen the TV provider again, until a decision shows it."""

    def observe(self, seen: Observation) -> Iterable[Outcome]:
        if isinstance(seen, VerbCall) or not seen.device:
            return NOTHING
        login = (seen.service_provider, seen.device, seen.mvpd)
        before, doubted = self._authorized.pop(login), self._repeated.pop(login)
        if seen.endpoint != "sessions.create":
            return NOTHING if before is None else ONE_HELD
        if needs_no_login(seen):
            self._authorized.put(login, seen)
        if before is None or not ended(before) < seen.wall < before.wall + UNNECESSARY_WITHIN_S:
            return NOTHING
        again = self._again(before, seen)
        if doubted is None and needs_no_login(seen) and seen.wall - ended(before) > FAST_S:
            self._repeated.put(login, again)
            return NOTHING
        return [again] if doubted is None else [doubted, again]

    def finish(self) -> Iterator[Outcome]:
        for login in self._authorized:
            latest, doubted = self._authorized.get(login), self._repeated.get(login)
            if latest is None or doubted is None:
                yield HELD
            elif self.facts.now_s < latest.wall + UNNECESSARY_WITHIN_S:
                yield Unclear(reason=UNFINISHED, exchanges=doubted.exchanges)
            else:
                yield doubted

    def _again(self, before: Exchange, seen: Exchange) -> Broken:
        return Broken(
            kind="another-session",
            exchanges=(before.id, seen.id),
            device=seen.device,
            expected="decisions after a session response with the actionName authorize",
            observed=f"another session for {seen.mvpd} was created {span(seen.wall - before.wall)} later",
        )
