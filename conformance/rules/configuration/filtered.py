"""Hidden TV providers are not offered to viewers."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase

from pass_harness.conformance.facts.exchanges import answer
from pass_harness.conformance.facts.shared_facts import SharedFacts
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import HELD, Broken, Expectations, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Grade, Rule
from pass_harness.mock_server.exchange import Exchange


class Filtered(Rule):
    card = Card(
        id="configuration.filtered",
        title="The service does not offer hidden TV providers to viewers",
        grade=Grade.OWN,
        requirement="The configuration also lists temporary passes and integrations that are in development or "
        "under test. The service filters out every TV provider that service.toml declares hidden (hidden_mvpds).",
        breaks="Viewers choose a TV provider that cannot log them in, or use a temporary pass instead of logging in.",
        remedy="Filter the configuration's list by isTempPass and by your own list before you return it to the app.",
        kinds=("hidden-offered",),
        citations=(citations.COOKBOOK_AUTHENTICATE, citations.CHECKLIST_CONFIGURATION_RETRIEVAL),
        needs=frozenset({"providers", "hidden_mvpds"}),
        judges_app=True,
    )
    compares_times = False
    watches = frozenset({"configuration"})

    def __init__(self, expectations: Expectations, facts: SharedFacts) -> None:
        super().__init__(expectations, facts)
        self._fetched: Exchange | None = None

    def observe(self, seen: Observation) -> Iterator[Outcome]:
        if not isinstance(seen, VerbCall):
            if seen.endpoint == "configuration" and self._hidden(_listed(seen)):
                self._fetched = seen
            return
        # Without a hidden provider in the configuration there is nothing to filter.
        if seen.verb != "providers" or seen.failure is not None or self._fetched is None:
            return
        offered = self._hidden([str(name) for name in seen.returns.get("providers") or ()])
        if not offered:
            yield HELD
            return
        yield Broken(
            kind="hidden-offered",
            exchanges=(self._fetched.id,),
            device=seen.device,
            expected=f"a list without the hidden TV providers ({', '.join(self.expectations.hidden_mvpds)})",
            observed=f"the list offers {', '.join(offered)}",
        )

    def _hidden(self, names: list[str]) -> list[str]:
        return [name for name in names if any(fnmatchcase(name, hidden) for hidden in self.expectations.hidden_mvpds)]


def _listed(configuration: Exchange) -> list[str]:
    requestor = answer(configuration).get("requestor")
    mvpds = requestor.get("mvpds") if isinstance(requestor, dict) else None
    return [str(mvpd.get("id")) for mvpd in mvpds or () if isinstance(mvpd, dict)]
