"""Logout is called only at the viewer's request."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from pass_harness.conformance.bounded import Bounded
from pass_harness.conformance.facts.actions import Candidates
from pass_harness.conformance.facts.devices import SLACK_S
from pass_harness.conformance.facts.exchanges import DECISIONS, brief, denials, ended, errors, interval, profiles
from pass_harness.conformance.facts.logouts import may_lead_to_logout
from pass_harness.conformance.facts.machine_rhythm import Habit
from pass_harness.conformance.facts.shared_facts import SharedFacts
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import HELD, NOTHING, ONE_HELD, Broken, Expectations, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Fault, Grade, Rule
from pass_harness.mock_server.exchange import Exchange

LATER_S = 5.0
"""Seconds after a request of the viewer within which the service may call logout."""


class _Switch(NamedTuple):
    """A completed login: the TV providers of its profiles, and its time on the scale of ``Exchange.wall``."""

    mvpds: frozenset[str]
    at_s: float


class NeverAutomatic(Rule):
    card = Card(
        id="logout.never-automatic",
        title="The service calls logout only when the viewer requests it",
        grade=Grade.SHOULD,
        requirement="The service calls logout only on a direct request of the viewer, not because a "
        "preauthorization or authorization was denied. The choice of another TV provider is such a request for the "
        f"old one. The call may come up to {LATER_S:g} s after the answer to the app. In a trace without verbs, one "
        "logout after a denial may be the viewer's: the rule is broken if logout follows nearly every denial, after "
        "the same short time.",
        breaks="The viewer is logged out for trying to watch content that the subscription does not include.",
        remedy="After a denial, show its reason and leave the login as it is.",
        kinds=("after-denial", "not-asked-for"),
        citations=(citations.CHECKLIST_LOGOUT_ON_REQUEST, citations.FAQ_LOGOUT),
    )

    def __init__(self, expectations: Expectations, facts: SharedFacts) -> None:
        super().__init__(expectations, facts)
        self._denied: Bounded[str, Exchange] = Bounded()
        self._after_denials = Habit()
        self._logouts: Candidates[None] = Candidates(facts.devices)
        self._requests: Bounded[str, list[VerbCall]] = Bounded()
        """Latest verbs of each device with which the viewer logs out, or chooses a TV provider."""
        self._switched: Bounded[str, _Switch] = Bounded()

    def observe(self, seen: Observation) -> Iterable[Outcome]:
        if isinstance(seen, VerbCall):
            return self._resolve(seen)
        name = seen.device or seen.ip
        if seen.endpoint == "profiles.code" and self.facts.driven and (found := profiles(seen)):
            self._switched.put(name, _Switch(frozenset(found), seen.wall))
        if (denied := self._denied.get(name)) is not None and may_lead_to_logout(denied, seen):
            return NOTHING
        self._denied.pop(name)
        if seen.endpoint == "logout":
            return self._logout(name, denied, seen)
        if seen.endpoint in DECISIONS and (errors(seen) or denials(seen)):
            self._denied.put(name, brief(seen))
            self._after_denials.occurred()
        return NOTHING if denied is None else ONE_HELD

    def _resolve(self, call: VerbCall) -> Iterator[Outcome]:
        if call.verb == "logout" or (call.verb == "login" and call.arguments.get("mvpd")):
            self._requests.put(call.device, [*(self._requests.get(call.device) or ()), call][-2:])
        for logout, _ in self._logouts.resolve(call):
            yield HELD if self._is_requested(call.device, logout) else _not_asked_for(logout)

    def _is_requested(self, device: str, logout: Exchange) -> bool:
        switched = self._switched.get(logout.device or logout.ip)
        if switched is not None and logout.mvpd not in switched.mvpds and logout.wall <= switched.at_s + LATER_S:
            return True
        return any(
            call.started - SLACK_S <= logout.wall <= call.ended + LATER_S
            and (call.verb == "logout" or call.arguments["mvpd"] != logout.mvpd)
            for call in self._requests.get(device) or ()
        )

    def _logout(self, name: str, denied: Exchange | None, seen: Exchange) -> Iterable[Outcome]:
        if self.facts.driven:
            self._logouts.add(brief(seen), None)  # the next verb shows whether the viewer requested the logout
        elif denied is not None:
            after = seen.wall - ended(denied)
            if self._after_denials.reacted(name, after):
                called = Fault("after-denial", f"after a denial, {interval(denied, seen)}")
                return [_automatic((denied.id, seen.id), seen, called)]
        return NOTHING

    def finish(self) -> Iterator[Outcome]:
        for _ in self._denied:
            yield HELD
        if self._logouts.driven:
            for logout, _ in self._logouts.remaining():
                owners = self.facts.devices.owners(logout.device or "")
                requested = any(self._is_requested(owner, logout) for owner in owners)
                yield HELD if requested else _not_asked_for(logout)


def _not_asked_for(logout: Exchange) -> Broken:
    return _automatic((logout.id,), logout, Fault("not-asked-for", "without a request of the viewer"))


def _automatic(exchanges: tuple[int, ...], logout: Exchange, fault: Fault) -> Broken:
    return Broken(
        kind=fault.kind,
        exchanges=exchanges,
        device=logout.device,
        expected="a logout call only when the viewer logs out",
        observed=f"logout/{logout.mvpd} was called {fault.observed}",
    )
