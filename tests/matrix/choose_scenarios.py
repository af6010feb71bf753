"""Finds the scenarios that trip a defect's rules: ``python tests/matrix/choose_scenarios.py [DEFECT…]``.

Plays one scenario after the other, each alone, with the defects that still have an untripped rule. Prints, for each
defect, the tripping scenarios as lines of `PLAYS` in matrix_scenarios.py. All defects take some minutes.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from matrix_expected import BREAKS
from matrix_runs import Played, Trial, judge_all
from virtual_time import VirtualTimeLoop

from pass_harness.conformance.evaluation.engine import Verdict
from pass_harness.conformance.scenarios import SCENARIOS
from pass_harness.fixtures.programmer_service.defects import DEFECTS


def tripped_by(outcome: Played) -> set[str]:
    """Return the rules that a run violated; none if its defect never took effect."""
    return {rule.id for rule in outcome.report.rules if rule.verdict == Verdict.VIOLATED and outcome.effects}


def main(defects: Sequence[str]) -> None:
    untripped = {defect: {*BREAKS[defect]} for defect in defects or DEFECTS if BREAKS[defect]}
    chosen: dict[str, list[str]] = {defect: [] for defect in untripped}
    for scenario in SCENARIOS:
        trials = {defect: Trial((defect,), (scenario,)) for defect, rules in untripped.items() if rules}
        with tempfile.TemporaryDirectory() as folder, asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
            outcomes = runner.run(judge_all(Path(folder), trials, at_once=len(trials)))
        for defect, outcome in outcomes.items():
            if tripped_by(outcome) & untripped[defect]:
                chosen[defect].append(scenario.id)
                untripped[defect] -= tripped_by(outcome)
    for defect, scenarios in chosen.items():
        line = f"    {json.dumps(defect)}: ({', '.join(map(json.dumps, scenarios))}{',' * (len(scenarios) == 1)}),"
        rest = sorted(untripped[defect])
        print(f"    # {defect} plays all: alone none trips {rest}" if rest else line)  # noqa: T201 (the result)


if __name__ == "__main__":
    main(sys.argv[1:])
