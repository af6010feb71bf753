"""The error band of a forecast: chance measured by other seeds, the error of the model learned from runs."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner
from imaginary_runs import run_report, write

from pass_harness.load import event as events
from pass_harness.load.cli import main
from pass_harness.load.event import Event, Stage
from pass_harness.load.forecast.error_band import _STUDENT_T, ALL, CONFIDENCE, TOTAL, ErrorBand, learn_band
from pass_harness.load.forecast.forecast import ForecastOptions, forecast
from pass_harness.load.forecast.habits import COMPLIANT
from pass_harness.load.forecast.incident_effects import IncidentEffects
from pass_harness.load.forecast.report import ForecastReport
from pass_harness.load.forecast.run_reports import read_runs
from pass_harness.load.forecast.simulation import Tally, simulate
from pass_harness.mock_server.formats.durations import parse_duration

SEEDS = range(100, 140)


def event(audience: int = 1_000) -> Event:
    return events.load(events.find("kickoff"), audience=audience)


def tally(of: Event, seed: int, most_calls: float = 1e9) -> Tally:
    return simulate(of, COMPLIANT, IncidentEffects(), seed=seed, instances=1, most_calls=most_calls)


def band(of: Event, *runs: Path) -> ErrorBand:
    return learn_band(of, read_runs(runs, of), tally, seed=1)


def foreseen(of: Event, *runs: Path) -> ForecastReport:
    return forecast(ForecastOptions(event=of, seed=1, runs=runs), lambda _: None)


def test_the_band_contains_other_audiences_as_often_as_it_says() -> None:
    of = event()
    learned, tallies = band(of), [tally(of, seed) for seed in SEEDS]
    peaks = [float(one.calls.sum(axis=0).max()) for one in tallies]
    limits = [learned.of_second(peak, ALL, one) for peak, one in zip(peaks, tallies, strict=True)]
    held = sum(low <= peak <= high for (low, high), peak in zip(limits, [*peaks[1:], peaks[0]], strict=True))
    # Of 40 at a confidence of 90 %, fewer than 29 lie in their band in one case of a thousand.
    assert held >= 29
    narrow = [
        (value - (value - low) / 3, value + (high - value) / 3)
        for (low, high), value in zip(limits, peaks, strict=True)
    ]
    held = sum(low <= peak <= high for (low, high), peak in zip(narrow, [*peaks[1:], peaks[0]], strict=True))
    assert held < 34, "a band of a third of the width is too narrow"


def test_the_band_of_all_calls_contains_other_audiences() -> None:
    of = event()
    first = tally(of, 1)
    low, high = band(of).of_calls(float(first.calls.sum()), first)
    others = [float(tally(of, seed).calls.sum()) for seed in SEEDS]
    assert sum(low <= value <= high for value in others) >= 29
    assert high - low < 2 * (max(others) - min(others))


def test_a_larger_audience_has_a_narrower_band_and_a_sample_a_wider_one() -> None:
    def width(of: Tally) -> float:
        value = float(of.calls.sum(axis=0).max())
        low, high = learned.of_second(value, ALL, of)
        return (high - low) / value

    learned = band(event())
    small, large = width(tally(event(), 1)), width(tally(event(16_000), 1))
    assert large == pytest.approx(small / 4, rel=0.1)
    sample = tally(event(16_000), 1, most_calls=20_000.0)
    assert sample.simulated < 3_000
    assert width(sample) > 1.5 * large


def test_calls_of_independent_viewers_have_a_dispersion_of_about_one() -> None:
    learned = band(event(5_000))
    assert learned.dispersion["sessions.create"] == pytest.approx(1.0, abs=0.35)
    assert learned.dispersion[ALL] > 1.1, "a viewer makes several calls within a second"
    assert learned.dispersion["configuration"] == 0.0, "shared by all viewers"


def test_the_dispersion_is_that_of_viewers_and_not_of_a_sample() -> None:
    def sampled(of: Event, seed: int) -> Tally:
        return tally(of, seed, most_calls=20_000.0)

    of = event(20_000)
    assert sampled(of, 1).simulated < 3_000
    learned = learn_band(of, [], sampled, seed=1)
    assert learned.dispersion["sessions.create"] == pytest.approx(1.0, abs=0.35)


def test_a_constant_peak_has_no_chance() -> None:
    """The first viewer of each 20 s fetches a configuration for all; later, the second of this viewer is random."""
    stages = (Stage(lasts=parse_duration("20s"), share=500), Stage(lasts=parse_duration("40s"), share=40))
    of = msgspec.structs.replace(event(540), stages=stages)
    habits = msgspec.structs.replace(COMPLIANT, configuration_kept=20.0)

    def simulated(of: Event, seed: int) -> Tally:
        return simulate(of, habits, IncidentEffects(), seed=seed, instances=1, most_calls=1e9)

    assert learn_band(of, [], simulated, seed=1).dispersion["configuration"] == 0.0


def test_the_error_of_the_model_is_learned_from_runs(tmp_path: Path) -> None:
    of = event(5_000)
    runs = [write(run_report(of, seed, 1.3), tmp_path / f"{seed}.json") for seed in (7, 8, 9)]
    learned = band(event(1_000_000), *runs)
    expected = _STUDENT_T[2] * math.log(1.3)
    assert learned.model(ALL) == pytest.approx(expected, rel=0.2)
    assert learned.model(TOTAL) == pytest.approx(expected, rel=0.1)
    assert learned.model("decisions.authorize") == pytest.approx(expected, rel=0.3)
    assert [one.audience for one in learned.comparisons] == [5_000] * 3
    assert [one.measured / one.foreseen for one in learned.comparisons] == pytest.approx([1.3] * 3, rel=0.1)


def test_more_runs_that_agree_narrow_the_band_and_one_is_hardly_enough(tmp_path: Path) -> None:
    of = event(2_000)
    runs = [write(run_report(of, seed), tmp_path / f"{seed}.json") for seed in range(20, 25)]
    one, five = (band(of, *runs[:number]).model(ALL) for number in (1, 5))
    assert 0 < five < one / 2
    assert band(of).model(ALL) == 0


def test_a_lucky_run_does_not_show_a_perfect_model(tmp_path: Path) -> None:
    """The error of a run is at least its chance."""
    of = event(200)
    first = band(of, write(run_report(of, 3), tmp_path / "first.json")).comparisons[0]
    lucky = run_report(of, 3, first.foreseen / first.measured)
    learned = band(of, write(lucky, tmp_path / "lucky.json"))
    assert learned.comparisons[0].measured == pytest.approx(first.foreseen, rel=0.05)
    assert learned.model(ALL) >= 0.9 * _STUDENT_T[0] * learned.comparisons[0].chance > 0.1


def test_runs_are_compared_in_steps_of_their_own_width(tmp_path: Path) -> None:
    of = event(5_000)
    of = msgspec.structs.replace(of, name="kickoff")
    run = write(run_report(of, 7, step=10), tmp_path / "long.json")
    (compared,) = band(of, run).comparisons
    assert compared.measured == pytest.approx(compared.foreseen, rel=0.05)
    assert compared.measured < 0.97 * tally(of, 7).calls.sum(axis=0).max()


def test_the_report_has_the_band_of_each_peak(tmp_path: Path) -> None:
    run = write(run_report(event(5_000), 7, 1.1), tmp_path / "run.json")
    report = foreseen(event(), run)
    peaks = [report.peak, *(one.peak for one in (*report.endpoints, *report.mvpds))]
    assert all(peak.low <= peak.per_second <= peak.high for peak in peaks)
    assert report.peak.low < report.peak.per_second < report.peak.high
    assert report.calls_low < report.calls < report.calls_high
    assert report.band.confidence == CONFIDENCE
    assert [one.report for one in report.band.runs] == [str(run)]
    assert max(report.series.all_calls) == report.peak.per_second
    assert max(report.series.high) == report.peak.high
    assert all(
        low <= value <= high
        for low, value, high in zip(report.series.low, report.series.all_calls, report.series.high, strict=True)
    )
    without = foreseen(event())
    assert report.peak.per_second == without.peak.per_second
    assert report.peak.high - report.peak.low > 1.5 * (without.peak.high - without.peak.low)


def density(t: float, freedom: int) -> float:
    """Return the density of Student's t distribution."""
    scale = math.gamma((freedom + 1) / 2) / (math.sqrt(freedom * math.pi) * math.gamma(freedom / 2))
    return scale * (1 + t * t / freedom) ** (-(freedom + 1) / 2)


@pytest.mark.parametrize("freedom", range(1, len(_STUDENT_T) + 1))
def test_the_quantiles_are_those_of_students_t_distribution(freedom: int) -> None:
    step = _STUDENT_T[freedom - 1] / 10_000
    below = 0.5 + sum(density((number + 0.5) * step, freedom) * step for number in range(10_000))
    assert below == pytest.approx((1 + CONFIDENCE) / 2, abs=1e-4)


CHANGES: dict[str, tuple[dict[str, Any], str]] = {
    "invalid": ({"invalid": ["the mock was saturated"]}, "the run is invalid (the mock was saturated)"),
    "no mock": ({"adobe": {"calls": 0}, "series": {"step_seconds": 1}}, "recorded no calls to Adobe Pass"),
    "other event": ({"event": {"name": "finale"}}, "finale, not kickoff"),
    "other duration": ({"event": {"seconds": 90.0}}, "it lasts 90 s, not 60 s"),
    "other speed": ({"event": {"speed": 2.0}}, "its speed is 2, not 1"),
    "other arrivals": ({"event": {"peak": 999.0}}, "999 arrivals per second at its peak, not 46.67"),
    "no report": ({"series": "none"}, "not the report of a run"),
    "empty series": ({"series": {"step_seconds": 1, "calls": {"profiles": []}}}, "its figures are incomplete"),
    "no steps": ({"series": {"step_seconds": 0, "calls": {"profiles": [1]}}}, "its figures are incomplete"),
    "no viewers": ({"event": {"audience": 0}}, "its figures are incomplete"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_unsuitable_reports_are_refused(tmp_path: Path, change: str) -> None:
    members, sentence = CHANGES[change]
    report = run_report(event(), 7)
    for name, value in members.items():
        report[name] = {**report[name], **value} if name == "event" else value
    file = write(report, tmp_path / "run.json")
    result = CliRunner().invoke(main, ["forecast", "--event", "kickoff", "--learn", str(file)])
    assert result.exit_code == 2
    assert f"{file}: " in result.stderr
    assert sentence in result.stderr
    assert "Traceback" not in result.output


def test_a_report_that_is_given_twice_counts_once(tmp_path: Path) -> None:
    file = write(run_report(event(), 7), tmp_path / "run.json")
    given = ["--learn", str(file), "--learn", str(tmp_path / "." / "run.json")]
    result = CliRunner().invoke(main, ["forecast", "--event", "kickoff", "--seed", "1", "--format", "json", *given])
    assert len(json.loads(result.stdout)["band"]["runs"]) == 1
