"""The estimates of docs/explanation/scale.md follow from docs/reference/speed.md and a forecast."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from pass_harness.load.cli import main
from pass_harness.load.forecast.significant_digits import rounded

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "explanation" / "scale.md").read_text("utf-8")
SPEED = (DOCS / "reference" / "speed.md").read_text("utf-8")
CORES = {"one process on memory": 1, "16 cores": 16 - 1 - 4, "three machines with 16 cores": 3 * (16 - 4) - 1}
"""Workers by setup: one core is for Redis, four of each machine for all else."""


def table(text: str, first: str) -> list[list[str]]:
    """Return the rows of the table whose heading begins with the cells ``first``."""
    (found,) = re.findall(rf"^\| {re.escape(first)} \|.*\n\|[-|]+\|\n((?:\|.*\n)+)", text, re.MULTILINE)
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in found.splitlines()]


def number(text: str) -> float:
    return float(text.replace(",", ""))


def shares() -> dict[str, float]:
    """Return the share of the calls that are counted as each measured call."""
    found: dict[str, float] = {}
    for call, share, counted in table(PAGE, "call"):
        measured = call if counted == "itself" else counted
        found[measured.strip("`")] = found.get(measured.strip("`"), 0.0) + float(share.split()[0]) / 100
    return found


def costs() -> list[float]:
    """Return the processor time of a call of the mix, in µs: of a mock on memory, of one on Redis, and of Redis."""
    rows = {call.strip("`"): cells for call, *cells in table(SPEED, "call | memory | mock on Redis")}
    return [sum(share * number(rows[call][column]) for call, share in shares().items()) for column in range(3)]


def peak_per_viewer() -> float:
    (per_viewer,) = re.findall(r"^(\S+) calls a second for each viewer", PAGE, re.MULTILINE)
    return float(per_viewer)


def test_the_mix_and_the_peak_are_those_of_the_forecast() -> None:
    (command,) = re.findall(r"`pass-load (forecast .*?)`", PAGE)
    report = json.loads(CliRunner().invoke(main, [*command.split(), "--format", "json"]).stdout)
    peak = report["peak"]
    assert peak["per_second"] == pytest.approx(peak_per_viewer() * 1e6, rel=0.01)
    (written,) = re.findall(r"forecasts (\S+) calls.*\(error band (\S+) to (\S+), of", PAGE.replace("\n", " "))
    expected = (peak["per_second"], peak["low"], peak["high"])
    assert [number(figure) for figure in written] == pytest.approx(expected, rel=0.005)
    half_width = (peak["high"] - peak["low"]) / 2
    assert written[0] == rounded(number(written[0]), half_width), "no more digits than the band justifies"
    forecast = {row["endpoint"]: row["calls"] / report["calls"] for row in report["endpoints"]}
    mix = {call.strip("`"): float(share.split()[0]) / 100 for call, share, _ in table(PAGE, "call")}
    assert mix == pytest.approx({call: forecast[call] for call in mix}, abs=0.002)
    assert sum(mix.values()) > 0.99


def test_the_estimates_follow_from_the_measurement() -> None:
    written, per_second = table(PAGE, "the mix")
    assert [number(cell) for cell in written[1:]] == [round(cost) for cost in costs()]
    memory, worker, redis = (1e6 / cost for cost in costs())
    assert [number(cell) for cell in per_second[1:]] == pytest.approx([memory, worker, redis], rel=0.002)
    for setup, workers, workers_answer, redis_answers, audience in table(PAGE, "setup | workers"):
        assert int(workers) == CORES[setup]
        on_memory = setup.endswith("memory")
        alone = memory if on_memory else int(workers) * worker
        assert number(workers_answer) == pytest.approx(alone, rel=0.005)
        assert redis_answers == "no limit" if on_memory else number(redis_answers) == pytest.approx(redis, rel=0.005)
        least = alone if on_memory else min(alone, redis)
        assert number(audience) == pytest.approx(least / peak_per_viewer(), rel=0.005)
    sentences = re.sub(r"\s+", " ", PAGE)
    assert f"as many calls as {memory / worker:.1f} such workers" in sentences
    assert f"the work of {redis / worker:.1f} workers" in sentences
