"""A judged run plays scenarios again whose rules a lag of the mock left inconclusive."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from matrix_runs import Trial, judge_all
from msgspec.structs import replace
from virtual_time import VirtualTimeLoop

from pass_harness.conformance.reports.model import Report
from pass_harness.conformance.running import judged_run, repeats
from pass_harness.conformance.scenarios import chosen
from pass_harness.mock_server.exchange import Exchange

pytestmark = pytest.mark.slow
RULE = "authentication.poll-interval"
PLAYED = ("late-login", "play-denied")


def run(folder: Path, monkeypatch: pytest.MonkeyPatch, *, lags_again: bool) -> Report:
    """Judge the compliant service with a mock that lagged at the polls of the first play, or of both."""
    whole_run, readings = judged_run.whole_run, 0

    async def lagging(*where: Any) -> list[Exchange]:  # noqa: ANN401 - the arguments of whole_run
        nonlocal readings
        readings += 1
        lags = readings == 1 or lags_again
        return [
            replace(one, lag_ms=900.0) if lags and one.endpoint == "profiles.code" else one
            for one in await whole_run(*where)
        ]

    monkeypatch.setattr(judged_run, "whole_run", lagging)
    trial = Trial((), chosen(PLAYED))
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(judge_all(folder, {"lagging": trial}, at_once=1))["lagging"].report


def test_the_second_play_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    report = run(tmp_path, monkeypatch, lags_again=False)
    assert {rule.id: rule.verdict for rule in report.rules}[RULE] == "passed"
    late_login = report.scenarios[0]
    assert (late_login.id, late_login.verdict, late_login.note) == ("late-login", "passed", repeats.NOTE)


def test_a_second_lag_leaves_the_rule_inconclusive_with_advice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = run(tmp_path, monkeypatch, lags_again=True)
    rule = next(rule for rule in report.rules if rule.id == RULE)
    assert rule.verdict == "inconclusive"
    assert any("--scenario late-login" in reason for reason in rule.reasons)
    assert report.exit_code == 3
