"""After a logout the device is logged out."""

from __future__ import annotations

from collections.abc import Iterator

from conformance import citations
from conformance.observation import Observation, VerbCall
from conformance.rule import HELD, Bounded, Broken, Card, Expectations, Outcome, Rule, Severity


class StateCleared(Rule):
    card = Card(
        id="logout.state-cleared",
        title="After a logout the device is not authenticated",
        severity=Severity.MUST,
        requirement="A logout ends the authenticated profile: afterwards the device is not authenticated, and a "
        "playback asks for a login.",
        breaks="The app shows the viewer who left as logged in, and every playback fails.",
        remedy="Forget the profile and everything derived from it when the viewer logs out.",
        citations=(citations.COOKBOOK_LOGOUT, citations.FAQ_LOGOUT),
        needs=frozenset({"logout", "status"}),
        judges_app=True,
    )
    watches = frozenset[str]()

    def __init__(self, expectations: Expectations) -> None:
        super().__init__(expectations)
        self._logged_out: Bounded[str, VerbCall] = Bounded()

    def observe(self, seen: Observation) -> Iterator[Outcome]:
        if not isinstance(seen, VerbCall):
            return
        if seen.verb == "logout" and seen.failure is None:
            self._logged_out.put(seen.device, seen)
        elif seen.verb in {"login", "enter_code", "arrived"}:
            self._logged_out.pop(seen.device)
        elif self._logged_out.get(seen.device) is not None and seen.failure is None:
            yield from self._judge(seen)

    def _judge(self, call: VerbCall) -> Iterator[Outcome]:
        if call.verb in {"status", "start"} and "state" in call.returns:
            still = call.returns["state"] == "authenticated"
            observed = f"{call.verb} called it authenticated"
        elif call.verb == "play" and "allowed" in call.returns:
            still = call.returns["allowed"] is True
            observed = f"{call.arguments.get('resource')} was allowed to play"
        else:
            return
        yield (
            HELD
            if not still
            else Broken(
                exchanges=(),
                device=call.device,
                expected="the device not to be authenticated after its logout",
                observed=observed,
            )
        )
