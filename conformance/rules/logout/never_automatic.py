"""Logout is called only at the viewer's request."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pass_harness.conformance.bounded import Bounded
from pass_harness.conformance.facts.actions import Candidates, arrived_during
from pass_harness.conformance.facts.exchanges import DECISIONS, brief, denials, ended, errors
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import HELD, NOTHING, ONE_HELD, Broken, Expectations, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Fault, Rule, Severity
from pass_harness.mock_server.exchange import Exchange

AUTOMATIC_WITHIN_S = 0.5
"""Seconds after a denial within which the service itself called logout: no viewer reacts so fast."""


class NeverAutomatic(Rule):
    card = Card(
        id="logout.never-automatic",
        title="The service calls logout only when the viewer requests it",
        severity=Severity.MUST,
        requirement="The service calls logout only on a direct request of the viewer, not because a "
        "preauthorization or authorization was denied.",
        breaks="The viewer is logged out for trying to watch content that the subscription does not include.",
        remedy="After a denial, show its reason and leave the login as it is.",
        kinds=("after-denial", "not-asked-for"),
        citations=(citations.CHECKLIST_LOGOUT_ON_REQUEST, citations.FAQ_LOGOUT),
    )

    def __init__(self, expectations: Expectations) -> None:
        super().__init__(expectations)
        self._denied: Bounded[str, Exchange] = Bounded()
        self._logouts: Candidates[None] = Candidates()

    def observe(self, seen: Observation) -> Iterable[Outcome]:
        if isinstance(seen, VerbCall):
            return self._resolve(seen)
        name = seen.device or seen.ip
        denied = self._denied.pop(name)
        if seen.endpoint == "logout":
            return self._logout(denied, seen)
        if seen.endpoint in DECISIONS and (errors(seen) or denials(seen)):
            self._denied.put(name, brief(seen))
        return NOTHING if denied is None else ONE_HELD

    def _resolve(self, call: VerbCall) -> Iterator[Outcome]:
        for logout, _ in self._logouts.resolve(call):
            asked = call.verb == "logout" and arrived_during(logout, call)
            yield HELD if asked else _not_asked_for(logout)

    def _logout(self, denied: Exchange | None, seen: Exchange) -> Iterable[Outcome]:
        # With a driver, the next verb shows whether the viewer requested the logout.
        after = seen.wall - ended(denied) if denied is not None else AUTOMATIC_WITHIN_S
        if denied is not None and after < AUTOMATIC_WITHIN_S and not self._logouts.driven:
            fault = Fault("after-denial", f"{after:.2f} s after a denial")
            return [_automatic((denied.id, seen.id), seen, fault)]
        if self.facts.driven:
            self._logouts.add(brief(seen), None)
        return NOTHING

    def finish(self) -> Iterator[Outcome]:
        for _ in self._denied:
            yield HELD
        if self._logouts.driven:
            for logout, _ in self._logouts.remaining():
                yield _not_asked_for(logout)


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
