"""The estimates of docs/explanation/scale.md follow from docs/reference/speed.md and a forecast."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from pass_harness.load.cli import main

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "explanation" / "scale.md").read_text("utf-8")
SPEED = (DOCS / "reference" / "speed.md").read_text("utf-8")
CORES = {"one process on memory": 1, "16 cores": 16 - 1 - 4, "three machines with 16 cores": 3 * (16 - 4) - 1}
"""Workers by setup: one core is for Redis, four of each machine for all else."""


def table(text: str, first: str) -> list[list[str]]:
    """Return the rows of the table whose heading has ``first`` in its first cell."""
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


def rates() -> list[float]:
    """Return the calls of the mix per second: on memory, on Redis with one worker, and with two."""
    (measured,) = re.findall(
        r"^\| call \| memory \| SQLite \| Redis.*\n\|[-|]+\|\n((?:\|.*\n)+)", SPEED, re.MULTILINE
    )
    rows = {cells[0]: cells[1:] for cells in (re.findall(r"[\w.]+", row) for row in measured.splitlines())}
    return [1 / sum(share / float(rows[call][column]) for call, share in shares().items()) for column in (0, 2, 3)]


def peak_per_viewer() -> float:
    (per_viewer,) = re.findall(r"^(\S+) calls a second for each viewer", PAGE, re.MULTILINE)
    return float(per_viewer)


def test_the_mix_and_the_peak_are_those_of_the_forecast() -> None:
    (command,) = re.findall(r"`pass-load (forecast .*?)`", PAGE)
    report = json.loads(CliRunner().invoke(main, [*command.split(), "--format", "json"]).stdout)
    assert report["peak"]["per_second"] == pytest.approx(peak_per_viewer() * 1e6, rel=0.01)
    forecast = {row["endpoint"]: row["calls"] / report["calls"] for row in report["endpoints"]}
    written = {call.strip("`"): float(share.split()[0]) / 100 for call, share, _ in table(PAGE, "call")}
    assert written == pytest.approx({call: forecast[call] for call in written}, abs=0.002)
    assert sum(written.values()) > 0.99


def test_the_estimates_follow_from_the_measurement() -> None:
    memory, one, two = rates()
    per_call, per_second = table(PAGE, "the mix")
    assert [number(cell) for cell in per_call[1:]] == [round(1e6 / rate) for rate in (memory, one, two)]
    assert [number(cell) for cell in per_second[1:]] == pytest.approx([memory, one, two], rel=0.002)
    used = float(*re.findall(r"^Two workers used (\S+) of the two cores", SPEED, re.MULTILINE))
    redis = two / (2 - used)
    for setup, workers, workers_allow, redis_allows, audience in table(PAGE, "setup"):
        assert int(workers) == CORES[setup]
        alone = memory if setup.endswith("memory") else int(workers) * one
        limits = [alone] if setup.endswith("memory") else [redis, alone]
        assert number(workers_allow) == pytest.approx(alone, rel=0.005)
        assert redis_allows == "no limit" or number(redis_allows) == pytest.approx(redis, rel=0.005)
        viewers = [limit / peak_per_viewer() for limit in limits]
        assert [number(part) for part in audience.split(" to ")] == pytest.approx(viewers, rel=0.005)
    sentences = re.sub(r"\s+", " ", PAGE)
    assert f"as many calls as {memory / one:.1f} such workers" in sentences
    assert f"is {1e6 / redis:.0f} µs per call" in sentences
    assert f"the work of {redis / one:.1f} workers" in sentences
