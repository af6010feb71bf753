"""Forecasts compared with real runs of the same event: the recorded example service, compliant and with two defects.

A run is random, and few viewers make few calls: counts are compared within four standard deviations and ten per cent.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import forecast_accuracy
import pytest
from forecast_accuracy import Recorded, running

pytestmark = pytest.mark.slow

DEFECTS = ("poll-every-second", "configuration-per-request")
EVENT = """[event]
audience = 60
duration = "30s"
typing = "4s"
[[stages]]
lasts = "10s"
share = 1
[[viewers]]
entrance = "second-screen"
weight = 3
zaps = 2
watches = "2s"
[[viewers]]
entrance = "first-screen"
zaps = 1
watches = "3s"
preauthorizes = false
logs_out = true
[mvpds]
Cablevision = 3
Spectrum = 1
[households]
1 = 3
2 = 1
"""
MARGIN, DEVIATIONS = 0.1, 4.0
BY_ACTION = (
    ("login", "login", "profiles"),
    ("login", "login", "sessions.create"),
    ("code", "enter_code", "sessions.retrieve"),
    ("look", "preauthorize", "decisions.preauthorize"),
    ("play", "play", "decisions.authorize"),
    ("logout", "logout", "logout"),
)
"""Actions that forecast and run name alike, and an endpoint that each causes."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("forecast")
    (folder / "small.toml").write_text(EVENT, "utf-8")
    return folder


@pytest.fixture(scope="module")
def runs(folder: Path) -> Mapping[str, Recorded]:
    """Both runs, concurrently: they spend most of their time waiting."""
    event = ("--event", str(folder / "small.toml"))
    with (
        running(folder / "compliant", event, seed=5) as compliant,
        running(folder / "defective", event, seed=5, defects=DEFECTS) as defective,
    ):
        ended = {"compliant": compliant.ended(), "defective": defective.ended()}
    assert ended["compliant"].report["viewers"]["arrived"] == 60
    return ended


def forecast(folder: Path, *arguments: str) -> dict[str, Any]:
    return forecast_accuracy.forecast(("--event", str(folder / "small.toml")), *arguments)


def assert_near(foreseen: float, measured: float, what: str) -> None:
    margin = MARGIN * measured + DEVIATIONS * max(measured, 1.0) ** 0.5
    assert abs(foreseen - measured) <= margin, f"{what}: {foreseen:g} foreseen, {measured:g} measured"


def assert_forecast_matches(report: dict[str, Any], run: Recorded) -> None:
    """Compare by endpoint and by busiest second; in a run that was too slow for an event, by action only."""
    foreseen = {one["endpoint"]: one["calls"] for one in report["endpoints"]}
    for action, verb, endpoint in BY_ACTION:
        asked = next(one["calls"] for one in run.report["verbs"] if one["verb"] == verb)
        each = next(one["calls"] for one in report["actions"] if one["action"] == action)
        assert_near(each[endpoint] * asked, run.calls[endpoint], f"{endpoint} for {verb}")
    if run.report["invalid"]:
        return
    for endpoint in foreseen.keys() | run.calls.keys():
        # Part of what all viewers share was fetched before the event.
        if endpoint not in {"dcr.token", "dcr.register", "configuration"}:
            assert_near(foreseen.get(endpoint, 0.0), run.calls.get(endpoint, 0), endpoint)
    assert_near(report["calls"], run.report["adobe"]["calls"], "all calls")
    assert_near(report["peak"]["per_second"], run.peak, "the fullest second")


def test_a_compliant_run_matches_the_forecast_without_a_trace(folder: Path, runs: Mapping[str, Recorded]) -> None:
    assert_forecast_matches(forecast(folder), runs["compliant"])


def test_a_trace_of_a_compliant_run_yields_the_compliant_habits(folder: Path, runs: Mapping[str, Recorded]) -> None:
    report = forecast(folder, "--trace", str(runs["compliant"].trace))
    assert_forecast_matches(report, runs["compliant"])
    assert report["violated"] == []


def test_a_defective_run_matches_the_forecast_from_its_trace(folder: Path, runs: Mapping[str, Recorded]) -> None:
    report = forecast(folder, "--trace", str(runs["defective"].trace))
    assert_forecast_matches(report, runs["defective"])
    habits = {habit["name"]: habit for habit in report["habits"]}
    assert habits["configuration_kept"]["value"] == 0
    if not runs["defective"].report["invalid"]:
        assert "authentication.poll-interval" in report["violated"]
        assert habits["poll_interval"]["value"] == pytest.approx(1.0, abs=0.2)


def test_a_forecast_without_the_defects_matches_a_compliant_run(folder: Path, runs: Mapping[str, Recorded]) -> None:
    report = forecast(folder, "--trace", str(runs["defective"].trace))
    variants = {variant["mended"]: variant for variant in report["variants"]}
    assert variants["configuration.cached"]["calls"] < report["calls"]
    # On a busy machine a defect may cause no further call.
    assert all(variant["calls"] <= report["calls"] for variant in variants.values())
    if not runs["compliant"].report["invalid"]:
        assert_near(variants["*"]["calls"], runs["compliant"].report["adobe"]["calls"], "all calls, mended")
