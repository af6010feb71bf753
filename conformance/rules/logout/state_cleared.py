"""A device is not authenticated after a logout."""

from __future__ import annotations

from collections.abc import Iterator

from pass_harness.conformance.bounded import Bounded
from pass_harness.conformance.facts.actions import device_names
from pass_harness.conformance.facts.exchanges import PROFILE_ANSWERS, profiles
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import HELD, Broken, Expectations, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Fault, Rule, Severity


class StateCleared(Rule):
    card = Card(
        id="logout.state-cleared",
        title="A device is not authenticated after a logout",
        severity=Severity.MUST,
        requirement="A logout ends the authenticated profile. Afterwards the device is not authenticated and a play "
        "request requires a login, unless Adobe Pass then returns a profile of another TV provider.",
        breaks="The app shows the previous viewer as logged in, and every playback fails.",
        remedy="Delete the profile and everything derived from it when the viewer logs out.",
        kinds=("still-authenticated", "allowed-to-play"),
        citations=(citations.COOKBOOK_LOGOUT, citations.FAQ_LOGOUT),
        needs=frozenset({"logout", "status"}),
        judges_app=True,
    )
    watches = PROFILE_ANSWERS

    def __init__(self, expectations: Expectations) -> None:
        super().__init__(expectations)
        self._logged_out: Bounded[str, VerbCall] = Bounded()

    def observe(self, seen: Observation) -> Iterator[Outcome]:
        if not isinstance(seen, VerbCall):
            if profiles(seen):  # of another TV provider: the viewer logged out of only one
                self._forget(seen)
        elif seen.verb == "logout" and seen.failure is None:
            for name in device_names(seen):
                self._logged_out.put(name, seen)
        elif seen.verb in {"login", "enter_code", "arrived"}:
            self._forget(seen)
        elif seen.failure is None and all(self._logged_out.get(name) is not None for name in device_names(seen)):
            yield from self._judge(seen)

    def _forget(self, seen: Observation) -> None:
        for name in device_names(seen):
            self._logged_out.pop(name)

    def _judge(self, call: VerbCall) -> Iterator[Outcome]:
        if call.verb in {"status", "start"} and "state" in call.returns:
            still = call.returns["state"] == "authenticated"
            fault = Fault("still-authenticated", f"the verb {call.verb} returned the state authenticated", call.verb)
        elif call.verb == "play" and "allowed" in call.returns:
            still = call.returns["allowed"] is True
            fault = Fault("allowed-to-play", f"the app was allowed to play {call.arguments.get('resource')}")
        else:
            return
        yield (
            HELD
            if not still
            else Broken(
                kind=fault.kind,
                subject=fault.subject,
                exchanges=(),
                device=call.device,
                expected="a device that is not authenticated after its logout",
                observed=fault.observed,
            )
        )
