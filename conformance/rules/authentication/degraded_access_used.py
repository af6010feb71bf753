"""Degraded access is used, not refused."""

from __future__ import annotations

from collections.abc import Iterator

from pass_harness.conformance.facts.exchanges import answer, decisions
from pass_harness.conformance.facts.sessions import STARTS
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import HELD, Broken, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Fault, Grade, Rule
from pass_harness.mock_server.exchange import Exchange


class DegradedAccessUsed(Rule):
    card = Card(
        id="authentication.degraded-access-used",
        title="Viewers get in while access is degraded",
        grade=Grade.SHOULD,
        requirement="While a degradation rule applies, a session response has the actionName authorize and the "
        "reasonType degraded, and decisions have the source degradation. The service then treats the viewer as "
        "logged in and plays what such a decision permits, without a login.",
        breaks="A failure at the TV provider keeps its viewers out of the event, although the Programmer and the "
        "provider agreed to let them in.",
        remedy="Continue with decisions whenever actionName is authorize, whatever the reasonType, and read "
        "authorized alone from a decision.",
        kinds=("login-refused", "login-demanded", "permit-refused"),
        citations=(
            citations.DEGRADED_AUTHENTICATION,
            citations.DEGRADED_AUTHORIZATION,
            citations.FAQ_DEGRADED_ACCESS,
        ),
        needs=frozenset({"login"}),
        judges_app=True,
    )
    watches = frozenset[str]()

    def observe(self, seen: Observation) -> Iterator[Outcome]:
        if not isinstance(seen, VerbCall):
            return
        if seen.verb == "login":
            degraded = [one for one in self.facts.devices.during(seen, *STARTS) if _degraded(one)]
            fault = _refused(seen)
        elif seen.verb == "play" and not seen.arranged:
            degraded = [one for one in self.facts.devices.during(seen, "decisions.authorize") if _permits(one)]
            refused = seen.returns.get("allowed") is not True
            fault = Fault("permit-refused", "the app was not allowed to play", seen.verb) if refused else None
        else:
            return
        if not degraded:
            return
        if fault is None:
            yield HELD
            return
        yield Broken(
            kind=fault.kind,
            subject=fault.subject,
            exchanges=tuple(exchange.id for exchange in degraded),
            device=seen.device,
            expected=f"a successful {seen.verb}, because access is degraded",
            observed=fault.observed,
        )


def _degraded(session: Exchange) -> bool:
    body = answer(session)
    return session.status == 200 and body.get("actionName") == "authorize" and body.get("reasonType") == "degraded"


def _permits(authorization: Exchange) -> bool:
    permits = [one for one in decisions(authorization) if one.get("authorized") is True]
    return any(one.get("source") == "degradation" for one in permits)


def _refused(call: VerbCall) -> Fault | None:
    if call.failure is not None:
        return Fault("login-refused", f"the verb login failed: {call.failure}")
    if call.returns.get("code") or call.returns.get("state") in {"pending", "unauthenticated"}:
        return Fault("login-demanded", "the app got the instruction to log in")
    return None
