"""Measures which scenarios give each rule opportunities: ``python tests/matrix/opportunities.py``.

Plays each scenario alone on the compliant example service, in virtual time, and writes
conformance/scenarios/opportunities.toml. It adds the scenarios in which a defect trips the rule, because some
breaches show where a compliant service gives no opportunity. `--select` and the ledger rely on that table;
test_opportunities.py repeats the measurement.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from matrix_expected import BREAKS
from matrix_runs import Played, Trial, judge_all
from matrix_scenarios import PLAYS
from virtual_time import VirtualTimeLoop

from pass_harness.conformance.registry import rule_ids
from pass_harness.conformance.scenarios import SCENARIOS
from pass_harness.conformance.scenarios.context import ScenarioContext
from pass_harness.conformance.scenarios.opportunities import FILE
from pass_harness.conformance.scenarios.scenario import Scenario

WHOLE_RUN = frozenset({"environment.connections-reused"})
"""Rules that judge an average of the whole run, for which the longest scenario alone has hardly enough calls."""
PATH = Path(__file__).parents[2] / "conformance" / "scenarios" / FILE
HEAD = """# Scenarios that give each rule opportunities, each played alone on the compliant example service,
# or that trip it with a defect. A rule with none needs all scenarios together.
# `python tests/matrix/opportunities.py` writes this file from a measurement, which a test repeats.

"""


class Idle(Scenario):
    """A run of the doctor alone, which belongs to no scenario: it sends a login, whose polls come later."""

    id, title, needs = "idle", "does nothing", frozenset()

    async def play(self, context: ScenarioContext) -> None:
        await context.seconds(20.0)


def measure() -> dict[str, tuple[str, ...]]:
    """Return the ids of the scenarios by rule id, both in their usual order."""
    trials = {scenario.id: Trial((), (scenario,)) for scenario in (Idle, *SCENARIOS)}
    with tempfile.TemporaryDirectory() as folder, asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        outcomes = runner.run(judge_all(Path(folder), trials, at_once=len(trials)))
    found = {name: _opportunities(outcome) for name, outcome in outcomes.items()}
    without = found.pop(Idle.id)
    return {
        rule: tuple(
            name
            for name, counted in found.items()
            if (counted[rule] > without[rule] and rule not in WHOLE_RUN) or name in _tripping(rule)
        )
        for rule in rule_ids()
    }


def _tripping(rule: str) -> set[str]:
    """Return the scenarios in which defects trip the rule."""
    return {scenario for defect, rules in BREAKS.items() if rule in rules for scenario in PLAYS.get(defect, ())}


def text(table: Mapping[str, Sequence[str]]) -> str:
    return HEAD + "".join(f"{json.dumps(rule)} = {json.dumps(names)}\n" for rule, names in table.items())


def _opportunities(outcome: Played) -> dict[str, int]:
    return {rule.id: rule.opportunities - rule.unclear for rule in outcome.report.rules}


if __name__ == "__main__":
    written = text(measure())
    sys.stdout.write(written)
    PATH.write_text(written, "utf-8")
