"""Real runs on the example service with a recording mock, to compare forecasts with.

As a command it prints how far forecasts are off:

    python tests/load/forecast_accuracy.py --event kickoff --audience 150

It runs the event once to learn from and once, with another seed, to compare with.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from typing import Any

import click

from pass_harness.conformance.running import child_processes

COMMAND = str(Path(sys.executable).with_name("pass-load"))
FORECASTS = 10
"""Number of forecasts, each with another seed, because a run is one random sample."""


@dataclass(frozen=True)
class Recorded:
    """A finished run: its report, and the trace of its mock."""

    report: dict[str, Any]
    trace: Path

    @property
    def calls(self) -> dict[str, int]:
        return {one["endpoint"]: one["calls"] for one in self.report["adobe"]["endpoints"]}

    @property
    def peak(self) -> int:
        """Number of calls in the busiest second."""
        series = self.report["series"]
        return max(map(sum, zip(*series["calls"].values(), strict=True)))


@dataclass(frozen=True)
class Running:
    """A run in progress."""

    process: subprocess.Popen[str]
    folder: Path

    def ended(self) -> Recorded:
        errors = self.process.communicate(timeout=600)[1]
        report = self.folder / "report" / "report.json"
        assert report.exists(), errors
        return Recorded(json.loads(report.read_text("utf-8")), self.folder / "trace.jsonl")


@contextmanager
def running(folder: Path, event: Sequence[str], *, seed: int, defects: Sequence[str] = ()) -> Iterator[Running]:
    """Run an event; ``event`` are the options of `pass-load` for it."""
    folder.mkdir()
    with (
        child_processes.mock(folder, f"--record={folder / 'trace.jsonl'}") as mock,
        child_processes.programmer_service(folder, mock.url, defects) as service,
    ):
        text = child_processes.service_toml(service.url).path.read_text("utf-8")
        (folder / "service.toml").write_text(text.replace('"http://127.0.0.1:9000"', f'"{service.url}"'), "utf-8")
        command = [COMMAND, "run", *event, "--seed", str(seed), "--report", str(folder / "report")]
        command += ["--service", str(folder / "service.toml"), "--mock", mock.url]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        try:
            yield Running(process, folder)
        finally:
            process.kill()
            process.wait()


def forecast(event: Sequence[str], *arguments: str, seed: int = 2) -> dict[str, Any]:
    """Return the report of a forecast for a mock on this machine, which answers at once."""
    command = [COMMAND, "forecast", *event, "--seed", str(seed), "--answers-within", "20ms", "--format", "json"]
    done = subprocess.run([*command, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode in {0, 1}, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@click.command()
@click.option("--event", default="kickoff", show_default=True)
@click.option("--audience", default=150, show_default=True)
@click.option("--defect", "defects", multiple=True)
def main(event: str, audience: int, defects: tuple[str, ...]) -> None:
    """Print how far forecasts are off, by endpoint, compared with a run of the same event."""
    given = ("--event", event, "--audience", str(audience))
    with tempfile.TemporaryDirectory() as made:
        runs = []
        for seed in (1, 2):
            with running(Path(made) / str(seed), given, seed=seed, defects=defects) as run:
                runs.append(run.ended())
        learned_from, measured = runs
        foreseen = [forecast(given, "--trace", str(learned_from.trace), seed=seed) for seed in range(FORECASTS)]
    for problem in measured.report["invalid"]:
        click.echo(f"invalid: {problem}")
    click.echo("| | run | forecast | off by |\n|---|---|---|---|")
    for endpoint, number in sorted(measured.calls.items(), key=lambda item: -item[1]):
        of = [one["calls"] for report in foreseen for one in report["endpoints"] if one["endpoint"] == endpoint]
        click.echo(_row(f"`{endpoint}`", number, sum(of) / FORECASTS))
    click.echo(_row("all calls", measured.report["adobe"]["calls"], mean(one["calls"] for one in foreseen)))
    click.echo(_row("throttled", measured.report["adobe"]["throttled"], mean(one["throttled"] for one in foreseen)))
    click.echo(_row("fullest second", measured.peak, mean(one["peak"]["per_second"] for one in foreseen)))


def _row(name: str, measured: float, foreseen: float) -> str:
    off = f"{(foreseen - measured) / measured:+.1%}" if measured else ""
    return f"| {name} | {measured:g} | {foreseen:.1f} | {off} |"


if __name__ == "__main__":
    main()
