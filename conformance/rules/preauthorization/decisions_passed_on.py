"""The app gets the preauthorization decisions unchanged."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pass_harness.conformance.bounded import Bounded
from pass_harness.conformance.facts.exchanges import DECISIONS, brief, decisions
from pass_harness.conformance.facts.logins import LOGIN_ENDPOINTS
from pass_harness.conformance.facts.preauthorized import preauthorized
from pass_harness.conformance.facts.shared_facts import SharedFacts
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import HELD, NOTHING, Broken, Expectations, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import SERVERS_ONLY, Card, Fault, Grade, Rule
from pass_harness.mock_server.exchange import Exchange

REMEMBERED_S = 300.0
"""Seconds for which a denial stands without another request."""


class DecisionsPassedOn(Rule):
    card = Card(
        id="preauthorization.decisions-passed-on",
        title="The app gets the preauthorization decisions unchanged",
        grade=Grade.MUST,
        requirement="The service returns the permits and denials of a preauthorization to the Streaming App.",
        breaks="The app shows content that cannot be played, or hides content that the viewer pays for.",
        remedy="Return every permitted resource as permitted and every denied one as denied.",
        kinds=("permit-withheld", "denial-given-as-permit", "denial-withheld"),
        citations=(citations.COOKBOOK_PREAUTHORIZE, citations.FAQ_PREAUTHORIZATION_DENIAL),
        needs=frozenset({"preauthorize"}),
        judges_app=True,
        architectures=SERVERS_ONLY,
    )
    watches = LOGIN_ENDPOINTS

    def __init__(self, expectations: Expectations, facts: SharedFacts) -> None:
        super().__init__(expectations, facts)
        self._denied: Bounded[str, dict[str, Exchange]] = Bounded()
        """The denials of each device, by resource, which nothing has changed since."""

    def observe(self, seen: Observation) -> Iterable[Outcome]:
        if isinstance(seen, VerbCall):
            return self._shown(seen)
        if self.facts.driven:
            self._decided(seen)
        return NOTHING

    def _shown(self, seen: VerbCall) -> Iterator[Outcome]:
        if seen.verb != "preauthorize" or "permitted" not in seen.returns:
            return
        if seen.failure is not None and "permitted" not in seen.lacks:
            return
        asked, latest = preauthorized(seen, self.facts.devices)
        wrong = next((wrong for name, made in latest.items() if (wrong := _wrong(name, made, seen))), None)
        if wrong is not None:
            yield self._altered(wrong, asked, seen)
        elif cached := self._shown_although_denied(latest, seen):
            resource, denied = cached
            yield self._altered(_given_as_permit(resource, " without another decision"), [denied, *asked], seen)
        elif latest:
            yield HELD

    def _decided(self, seen: Exchange) -> None:
        for name in self.facts.devices.names(seen):
            denied = self._denied.get(name) or {}
            if seen.endpoint not in DECISIONS or any(one.mvpd != seen.mvpd for one in denied.values()):
                self._denied.pop(name)  # another profile, or a TempPass, may permit the resource
                denied = {}
            for decision in decisions(seen):
                if decision.get("authorized") is True:
                    denied.pop(str(decision.get("resource")), None)
                elif seen.endpoint == "decisions.preauthorize":
                    denied[str(decision.get("resource"))] = brief(seen)
            if denied:
                self._denied.put(name, denied)

    def _shown_although_denied(self, latest: Mapping[str, object], call: VerbCall) -> tuple[str, Exchange] | None:
        """Return a resource that is shown by a cached denial as if it were a permit, with the denial."""
        devices = self.facts.devices  # a service that cannot ask may show its catalogue without decisions
        failed = any(one.status != 200 for one in devices.during(call, "decisions.preauthorize"))
        if failed or devices.unattributed(call, *DECISIONS) or self.facts.breaker.may_open(call.started, call.ended):
            return None
        for name in devices.names(call):
            for resource, denied in (self._denied.get(name) or {}).items():
                stands = denied.wall < call.started <= denied.wall + REMEMBERED_S
                if stands and resource not in latest and resource in (call.returns["permitted"] or []):
                    return resource, denied
        return None

    def _altered(self, wrong: Fault, asked: list[Exchange], call: VerbCall) -> Broken:
        return Broken(
            kind=wrong.kind,
            exchanges=tuple(exchange.id for exchange in asked),
            device=call.device,
            expected="the decisions of Adobe Pass",
            observed=wrong.observed,
        )


def _wrong(resource: str, decision: Mapping[str, Any], call: VerbCall) -> Fault | None:
    returns = call.returns
    shown = resource in (returns["permitted"] or [])
    if decision.get("authorized") is True:
        if shown:
            return None
        return Fault("permit-withheld", f"{resource} was permitted, but the app did not get the permit")
    if shown:
        return _given_as_permit(resource)
    if "denied" in returns and resource not in (returns["denied"] or []):
        return Fault("denial-withheld", f"{resource} was denied, but the app did not get the denial")
    return None


def _given_as_permit(resource: str, how: str = "") -> Fault:
    return Fault("denial-given-as-permit", f"{resource} was denied, but the app got a permit{how}")
