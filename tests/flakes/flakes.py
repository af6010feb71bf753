"""Stability of verdicts under load: ``python -m tests.flakes.flakes [--runs 20] [--busy N]``.

Judges the compliant example service repeatedly while other processes keep every core busy, and prints the verdicts
of rules and scenarios. On a slow machine a verdict may be inconclusive; it must never be wrong. Exits
with 1 if one was: a rule violated or not exercised (but for those that the service never exercises), a scenario
failed, or a run without a report.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.matrix.matrix_expected import NOT_EXERCISED

COMMAND = str(Path(sys.executable).with_name("pass-conformance"))
LONGEST_RUN = 600.0
RIGHT = frozenset({"passed", "inconclusive"})
"""Verdicts of rules and scenarios that are not an error."""
NO_REPORT = "no report"

Verdicts = Mapping[str, str]
"""Verdict of each rule and scenario of one run."""


@contextmanager
def busy(processes: int) -> Iterator[None]:
    """Run this number of processes that keep the processor busy."""
    started = [multiprocessing.get_context("spawn").Process(target=_spin, daemon=True) for _ in range(processes)]
    for process in started:
        process.start()
    try:
        yield
    finally:
        for process in started:
            process.terminate()
            process.join()


def verdicts_of(report: Mapping[str, object]) -> dict[str, str]:
    """Return the verdicts of one run by rule id and scenario, without the rules that the service never exercises."""
    found: dict[str, str] = {}
    for rule in _listed(report, "rules"):
        if rule["id"] not in NOT_EXERCISED or rule["verdict"] != "not exercised":
            found[str(rule["id"])] = str(rule["verdict"])
    for scenario in _listed(report, "scenarios"):
        found[f"scenario {scenario['id']}"] = str(scenario["verdict"])
    return found


def wrong(runs: Sequence[Verdicts]) -> dict[str, Counter[str]]:
    """Return the verdict counts of all rules and scenarios that were neither passed nor inconclusive in some run."""
    names = dict.fromkeys(name for run in runs for name in run)
    tallies = {name: Counter(run.get(name, NO_REPORT) for run in runs) for name in names}
    return {name: tally for name, tally in tallies.items() if tally.keys() - RIGHT}


def judge_once(folder: Path) -> tuple[dict[str, str], str]:
    """Judge the service once; return the verdicts of the run, and its report as text."""
    command = [COMMAND, "demo", "--format", "json", "--report", str(folder)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=LONGEST_RUN, check=False)
    try:
        return verdicts_of(json.loads(ended.stdout)), (folder / "report.txt").read_text("utf-8")
    except (ValueError, OSError):
        return {NO_REPORT: NO_REPORT}, ended.stderr


def main(runs: int, processes: int) -> int:
    console = Console(soft_wrap=True)
    all_verdicts: list[dict[str, str]] = []
    with busy(processes), tempfile.TemporaryDirectory(prefix="pass-flakes-") as folder:
        for number in range(1, runs + 1):
            began = time.monotonic()
            verdicts, report = judge_once(Path(folder) / str(number))
            all_verdicts.append(verdicts)
            tally = ", ".join(f"{count} {verdict}" for verdict, count in Counter(verdicts.values()).most_common())
            console.print(f"run {number} of {runs}: {tally} ({time.monotonic() - began:.0f} s)", highlight=False)
            if wrong([verdicts]):
                console.print(report, markup=False, highlight=False)
    _show(all_verdicts, console)
    bad = wrong(all_verdicts)
    same = all(verdicts == all_verdicts[0] for verdicts in all_verdicts)
    console.print(
        f"{len(bad)} wrong in {runs} runs with {processes} busy processes on {os.cpu_count()} cores; "
        f"the verdicts were {'the same every time' if same else 'not all the same'}",
        highlight=False,
    )
    return 1 if bad else 0


def _show(runs: Sequence[Verdicts], console: Console) -> None:
    """Print a line for each rule and scenario that did not always pass, and one for the others."""
    table = Table("rule or scenario", "verdicts")
    steady = 0
    for name in dict.fromkeys(name for run in runs for name in run):
        tally = Counter(run.get(name, NO_REPORT) for run in runs)
        if tally.keys() == {"passed"}:
            steady += 1
        else:
            table.add_row(name, ", ".join(f"{count} {verdict}" for verdict, count in tally.most_common()))
    table.add_row(f"{steady} others", f"{len(runs)} passed")
    console.print(table)


def _listed(report: Mapping[str, object], name: str) -> list[dict[str, object]]:
    found = report[name]
    assert isinstance(found, list)
    return found


def _spin() -> None:
    parent = os.getppid()
    while os.getppid() == parent:  # ends by itself if its parent was killed
        for _ in range(1_000_000):
            pass


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.flakes.flakes", description=(__doc__ or "").split(":")[0])
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--busy", type=int, default=os.cpu_count() or 1, help="processes that use up the cores")
    arguments = parser.parse_args()
    sys.exit(main(arguments.runs, arguments.busy))
