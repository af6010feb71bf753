"""A device is not authenticated after a logout."""

from __future__ import annotations

from collections.abc import Iterator

from pass_harness.conformance.bounded import Bounded
from pass_harness.conformance.facts.devices import SLACK_S
from pass_harness.conformance.facts.exchanges import decisions, profiles
from pass_harness.conformance.facts.logins import LOGIN_ENDPOINTS, Providers, needs_no_login
from pass_harness.conformance.facts.sessions import STARTS
from pass_harness.conformance.facts.shared_facts import SharedFacts
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import HELD, Broken, Expectations, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Fault, Grade, Rule
from pass_harness.mock_server.exchange import Exchange

WITHOUT_AUTHENTICATION = frozenset({"temppass", "degradation"})
"""Sources of decisions that need no authenticated profile."""


class StateCleared(Rule):
    card = Card(
        id="logout.state-cleared",
        title="A device is not authenticated after a logout",
        grade=Grade.MUST,
        requirement="A logout ends the authenticated profile. Afterwards the device is not authenticated and a play "
        "request requires a login, unless the device has a profile of another TV provider, or Adobe Pass lets it "
        "continue without one: by a temporary pass or degraded access.",
        breaks="The app shows the previous viewer as logged in, and every playback fails.",
        remedy="Delete the profile and everything derived from it when the viewer logs out.",
        kinds=("still-authenticated", "allowed-to-play"),
        citations=(citations.COOKBOOK_LOGOUT, citations.FAQ_LOGOUT),
        needs=frozenset({"logout", "status"}),
        judges_app=True,
    )
    watches = LOGIN_ENDPOINTS

    def __init__(self, expectations: Expectations, facts: SharedFacts) -> None:
        super().__init__(expectations, facts)
        self._providers = Providers(facts.devices)
        self._logged_out: Bounded[str, VerbCall] = Bounded()
        self._called: Bounded[str, float] = Bounded()
        """Time of each device's latest logout call to Adobe Pass."""
        self._permitted: Bounded[str, set[str]] = Bounded()
        """Resources that Adobe Pass permitted to each device after its logout, without an authentication."""

    def observe(self, seen: Observation) -> Iterator[Outcome]:
        if not isinstance(seen, VerbCall):
            self._providers.observe(seen)
            if seen.endpoint == "decisions.authorize":
                self._note_permits(seen)
            elif seen.endpoint == "logout":
                for name in self.facts.devices.names(seen):
                    self._called.put(name, seen.wall)
            elif profiles(seen) or (seen.endpoint in STARTS and needs_no_login(seen)):
                self._forget(seen)  # of another TV provider: the viewer logged out of only one
        elif seen.verb == "logout" and seen.failure is None:
            for name in self.facts.devices.names(seen):
                self._logged_out.put(name, seen)
                self._permitted.pop(name)
        elif seen.verb in {"login", "enter_code", "arrived"}:
            self._forget(seen)
        elif seen.failure is None and all(
            self._logged_out.get(name) is not None for name in self.facts.devices.names(seen)
        ):
            yield from self._judge(seen)

    def _forget(self, seen: Observation) -> None:
        for name in self.facts.devices.names(seen):
            self._logged_out.pop(name)

    def _note_permits(self, seen: Exchange) -> None:
        permitted = {
            str(decision.get("resource"))
            for decision in decisions(seen)
            if decision.get("authorized") is True and decision.get("source") in WITHOUT_AUTHENTICATION
        }
        if permitted:
            for name in self.facts.devices.names(seen):
                self._permitted.put(name, (self._permitted.get(name) or set()) | permitted)

    def _permits(self, call: VerbCall) -> bool:
        """Return whether Adobe Pass permitted the resource of a play to the device without an authentication."""
        resource = call.arguments.get("resource")
        return any(resource in (self._permitted.get(name) or ()) for name in self.facts.devices.names(call))

    def _has_another(self, call: VerbCall) -> bool:
        """Return whether the device has a valid profile of another TV provider than that of its logout call."""
        names = self.facts.devices.names(call)
        since = max(logout.started for name in names if (logout := self._logged_out.get(name)) is not None)
        called = any((self._called.get(name) or 0.0) >= since - SLACK_S for name in names)
        return called and self._providers.any_valid(call, call.started)

    def _judge(self, call: VerbCall) -> Iterator[Outcome]:
        if call.verb in {"status", "start"} and call.returns.get("state") is not None:
            still = call.returns["state"] == "authenticated"
            fault = Fault("still-authenticated", f"the verb {call.verb} returned the state authenticated", call.verb)
        elif call.verb == "play" and call.returns.get("allowed") is not None:
            still = call.returns["allowed"] is True and not self._permits(call)
            fault = Fault("allowed-to-play", f"the app was allowed to play {call.arguments.get('resource')}")
        else:
            return
        if still and self._has_another(call):
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
