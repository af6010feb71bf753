"""The configuration is fetched only for the choice of a TV provider."""

from __future__ import annotations

from collections.abc import Iterator

from pass_harness.conformance.facts.logins import LOGIN_ENDPOINTS, Logins
from pass_harness.conformance.facts.shared_facts import SharedFacts
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import HELD, Broken, Expectations, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Grade, Rule

OTHER_VERBS = frozenset({"start", "status", "preauthorize", "play"})


class OnlyForSelection(Rule):
    card = Card(
        id="configuration.only-for-selection",
        title="The service fetches the configuration only when a viewer chooses a TV provider",
        grade=Grade.MUST,
        requirement="The service fetches the configuration to let a viewer choose a TV provider. It does not fetch "
        "it for a viewer who is already logged in, nor for one whose login has expired, who only confirms the "
        "provider.",
        breaks="Every app launch and every playback costs a call whose response is not used.",
        remedy="Fetch the configuration when the app requests the list of TV providers; store the chosen provider's "
        "id, name and logo with the device.",
        kinds=("fetched-without-need", "provider-known"),
        citations=(citations.CHECKLIST_CONFIGURATION_RETRIEVAL, citations.CHECKLIST_PROVIDER_SELECTION),
        needs=frozenset({"status"}),
        judges_app=True,
    )
    watches = LOGIN_ENDPOINTS | {"configuration"}

    def __init__(self, expectations: Expectations, facts: SharedFacts) -> None:
        super().__init__(expectations, facts)
        self._logins = Logins(facts.devices)

    def observe(self, seen: Observation) -> Iterator[Outcome]:
        if not isinstance(seen, VerbCall):
            self._logins.observe(seen)
            return
        login = self._logins.of(seen)
        if seen.verb not in OTHER_VERBS or login is None or login.since_s > seen.started:
            return
        fetched = self.facts.devices.during(seen, "configuration")
        if not fetched:
            yield HELD
            return
        valid = login.is_valid(seen.started)
        yield Broken(
            kind="fetched-without-need" if valid else "provider-known",
            subject=seen.verb,
            exchanges=tuple(exchange.id for exchange in fetched),
            device=seen.device,
            expected=f"no configuration call for a viewer {'who is logged in' if valid else f'of {login.mvpds[0]}'}",
            observed=f"the configuration was fetched during the verb {seen.verb}",
        )
