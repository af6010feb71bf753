"""Cached permits end with the profile that they were given for."""

from __future__ import annotations

from collections.abc import Iterator

from pass_harness.conformance.bounded import Bounded
from pass_harness.conformance.facts.exchanges import DECISIONS, PROFILE_ANSWERS
from pass_harness.conformance.facts.permits import Permits
from pass_harness.conformance.facts.shared_facts import SharedFacts
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import HELD, Broken, Expectations, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Grade, Rule


class PermitsEndWithProfile(Rule):
    card = Card(
        id="preauthorization.permits-end-with-profile",
        title="Cached permits end with the viewer's profile",
        grade=Grade.MUST,
        requirement="The service respects the validity of the profile when it caches decisions. After a logout and "
        "after the end of the profile, it requests decisions again instead of answering with permits from before.",
        breaks="The next viewer on the device sees what the previous one subscribed to, and playback is denied.",
        remedy="Store cached permits with the profile, and delete them when the profile ends.",
        kinds=("earlier-permit-shown",),
        citations=(citations.COOKBOOK_REQUIREMENTS, citations.COOKBOOK_LOGOUT),
        needs=frozenset({"login", "logout", "preauthorize"}),
        judges_app=True,
    )
    watches = PROFILE_ANSWERS | DECISIONS | {"logout"}

    def __init__(self, expectations: Expectations, facts: SharedFacts) -> None:
        super().__init__(expectations, facts)
        self._of: Bounded[str, Permits] = Bounded()

    def observe(self, seen: Observation) -> Iterator[Outcome]:
        if isinstance(seen, VerbCall):
            if seen.verb == "preauthorize":
                yield from self._shown(seen)
            return
        for name in self.facts.devices.names(seen):
            permits = self._of.get(name) or Permits()
            self._of.put(name, permits)
            permits.observe(seen)

    def _shown(self, call: VerbCall) -> Iterator[Outcome]:
        known = (self._of.get(name) for name in self.facts.devices.names(call))
        permits = next((permits for permits in known if permits is not None), None)
        shown = call.returns.get("permitted")
        if permits is None or not isinstance(shown, list):
            return
        permits.expire(call.started)
        asked = call.arguments.get("resources")
        if permits.ended_s > call.started:
            return  # a profile ended while the verb was in progress
        ended = [name for name in (asked if isinstance(asked, list) else shown) if name in permits.ended]
        if earlier := [name for name in ended if name in shown]:
            yield Broken(
                kind="earlier-permit-shown",
                exchanges=tuple(sorted({permits.ended[name] for name in earlier})),
                device=call.device,
                expected="decisions for the viewer's current profile",
                observed=f"{', '.join(earlier[:5])} permitted by a decision for a profile that has ended",
            )
        elif ended or permits.renewed:
            yield HELD
        permits.renewed = False
