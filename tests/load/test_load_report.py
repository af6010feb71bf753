"""Reports of events: the same verdict and figures as HTML, Markdown and text, with injected markup escaped."""

from __future__ import annotations

import io
import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from load_report_samples import HOSTILE, bad_day, invalid, with_history
from rich.console import Console

from pass_harness.load.report import charts, html, markdown
from pass_harness.load.report.charts import LEFT, MOST_POINTS, RIGHT, WIDTH, Times
from pass_harness.load.report.history import record_of
from pass_harness.load.report.model import LoadReport
from pass_harness.load.report.report_text import lead
from pass_harness.load.report.text import render

MINUTE = Times(
    seconds=60.0, step=1.0, incidents=[("outage", 20.0, 30.0), ("revoked", 50.0, 50.0), ("slow", 55, None)]
)


def text(report: LoadReport) -> str:
    out = io.StringIO()
    render(report, Console(file=out, width=200))
    return out.getvalue()


def page(report: LoadReport) -> str:
    return html.encode(report, "1.0").decode()


FORMS = {"page": page, "markdown": lambda report: markdown.encode(report).decode(), "text": text}


@pytest.mark.parametrize("form", FORMS)
def test_every_format_has_verdict_and_figures(form: str) -> None:
    said = FORMS[form](bad_day()).lower().replace("\\", "")
    assert "violated" in said
    assert "authentication.poll-interval" in said
    for objective in ("p95", "error_share", "recovery after a tv provider fails", "logout.p99"):
        assert objective in said
    assert "not measured" in said
    assert "decisions.authorize" in said


@pytest.mark.parametrize("form", FORMS)
def test_an_invalid_run_shows_only_the_reason(form: str) -> None:
    said = FORMS[form](invalid())
    assert "invalid" in said.lower()
    assert "no mock answers" in said


def test_the_lead_counts_what_was_broken() -> None:
    assert lead(bad_day()) == "1 mandatory rule and 1 objective were violated."


def test_the_page_has_charts_of_the_measurements() -> None:
    drawn = page(bad_day())
    titles = re.findall(r"<figcaption><strong>(.+?)</strong>", drawn)
    assert titles[:3] == ["Arrivals", "Latency of verbs", "Calls to Adobe Pass"]
    assert {"Verbs that failed", "Throttled calls (429)", "Findings of the rules"} <= set(titles)
    assert drawn.count('class="band"') == 2 * len(titles)


def test_the_record_of_a_run_has_its_objectives_and_figures() -> None:
    report = bad_day()
    record = record_of(report, name="checkout", now=datetime(2026, 1, 1, tzinfo=UTC))
    assert (record.command, record.event, record.verdict, record.exit_code) == ("load", "test", "violated", 1)
    assert {one.name: (one.holds, one.measured) for one in record.objectives} == {
        one.name: (one.holds, one.measured) for one in report.objectives
    }
    assert record.figures["play.p95_ms"] == report.verbs[0].p95_ms
    assert record.figures["adobe.calls"] == 750
    assert record.figures["viewers.gave_up"] == 5
    assert [one.kind for one in record.findings] == ["polled-too-soon"]


def test_the_record_of_an_invalid_run_has_only_its_verdict() -> None:
    report = bad_day()
    report.invalid, report.verdict, report.exit_code = ["the load generator was saturated"], "inconclusive", 3
    record = record_of(report, name="checkout", now=datetime(2026, 1, 1, tzinfo=UTC))
    assert (record.verdict, record.exit_code) == ("inconclusive", 3)
    assert (record.rules, record.findings, record.figures) == ({}, [], {})


def test_the_page_has_the_history_of_the_event() -> None:
    drawn = page(with_history(bad_day()))
    assert "The latest 2 runs of" in drawn
    assert 'aria-label="found 2 times"' in drawn
    assert 'aria-label="exceeded 2 times"' in drawn
    assert 'aria-label="not measured 2 times"' in drawn
    assert "<h2>History" not in page(bad_day())


def test_user_text_is_escaped() -> None:
    drawn = page(with_history(bad_day(HOSTILE), HOSTILE))
    assert "<img" not in drawn
    assert "<script>alert" not in drawn
    assert "<img" not in markdown.encode(bad_day(HOSTILE)).decode().replace("\\<", "")


def coordinates(path: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in re.findall(r"(-?[\d.]+) (-?[\d.]+)", path)]


@given(st.lists(st.floats(0, 1e7), min_size=1, max_size=700), st.booleans())
def test_lines_stay_within_the_chart(values: list[float], log: bool) -> None:
    times = Times(seconds=float(len(values)), step=1.0)
    drawn = (
        charts.lines("Latency", "ms", {"p99": values}, times, log=log),
        charts.stacked("Calls", "", {"one": values, "two": values}, times),
        charts.bars("Arrivals", "", {"arrivals": values}, times),
    )
    for chart in drawn:
        for shape in chart.shapes:
            points = coordinates(shape.path)
            assert 0 < len(points) <= 4 * MOST_POINTS
            for x, y in points:
                assert LEFT - 0.1 <= x <= WIDTH - RIGHT + 0.1
                assert chart.top - 0.1 <= y <= chart.floor + 0.1


def test_a_peak_of_one_second_is_visible_in_a_day() -> None:
    values = [0.0] * 86_400
    values[40_000] = 100.0
    chart = charts.bars("Calls", "", {"calls": values}, Times(seconds=86_400.0, step=1.0))
    assert min(y for _, y in coordinates(chart.shapes[0].path)) == pytest.approx(chart.top)


def test_a_stacked_chart_has_the_largest_series_at_the_bottom() -> None:
    chart = charts.stacked("Calls", "", {"few": [1.0, 1.0], "many": [3.0, 3.0]}, Times(seconds=2.0, step=1.0))
    assert [shape.name for shape in chart.shapes] == ["many", "few"]
    heights = [sorted({y for _, y in coordinates(shape.path)}) for shape in chart.shapes]
    assert heights[0][0] == heights[1][1], "few stands on many"
    assert heights[1][0] == pytest.approx(chart.top)


def test_incidents_stand_where_they_happened() -> None:
    outage, revoked, slow = MINUTE.bands()
    across = WIDTH - LEFT - RIGHT
    assert outage.left == pytest.approx(LEFT + across / 3, abs=0.1)
    assert outage.width == pytest.approx(across / 6, abs=0.1)
    assert revoked.width == 1.5
    assert slow.left + slow.width == pytest.approx(WIDTH - RIGHT, abs=0.2)


@pytest.mark.parametrize(
    ("seconds", "last"), [(10.0, "10 s"), (60.0, "60 s"), (600.0, "10:00"), (86_400.0, "24:00 h")]
)
def test_the_time_axis_has_readable_labels(seconds: float, last: str) -> None:
    ticks = Times(seconds=seconds, step=1.0).ticks()
    assert 4 <= len(ticks) <= 13
    assert ticks[0].label == "0 s"
    assert ticks[-1].label == last


LONGEST_LABEL = 12
"""Characters of the longest label of the value axis."""


@given(st.integers(-3, 12), st.floats(1, 10), st.booleans())
def test_labels_of_the_value_axis_are_short_and_distinct(power: int, digits: float, log: bool) -> None:
    """The browser tests measure that such labels are within the chart."""
    series = {"calls": [digits * 10.0**power]}
    labels = [tick.label for tick in charts.lines("Calls", "", series, MINUTE, log=log).ticks]
    assert all(0 < len(label) <= LONGEST_LABEL for label in labels)
    assert len(set(labels)) == len(labels)
    assert not any("e" in label for label in labels), "no exponent"


@pytest.mark.parametrize("form", ["lines", "stacked", "bars"])
def test_the_legend_says_what_its_figures_are(form: str) -> None:
    chart = getattr(charts, form)("Calls", "per second", {"one": [1.0, 5.0, 2.0], "two": [0.5] * 3}, MINUTE)
    assert {shape.name: shape.figure for shape in chart.shapes} == {
        "one": "maximum 5 per second",
        "two": "maximum 0.5 per second",
    }
    assert "one maximum 5 per second" in chart.description


def test_every_chart_of_the_page_has_a_legend_with_the_meaning_of_its_figures() -> None:
    drawn = page(bad_day())
    legends = re.findall(r'<ul class="legend soft">(.*?)</ul>', drawn, re.DOTALL)
    assert len(legends) == drawn.count("<figcaption>")
    entries = [entry for legend in legends for entry in re.findall(r"</svg>(.*?)</li>", legend)]
    assert len(entries) == 10
    assert all(re.fullmatch(r"[\w. ()]+: maximum [\d.,]+( million)? [a-z ]+", entry) for entry in entries), entries


def test_an_error_band_is_drawn_around_its_series() -> None:
    low, values, high = [1.0, 4.0, 2.0], [2.0, 6.0, 3.0], [4.0, 9.0, 5.0]
    times = Times(seconds=3.0, step=1.0)
    band = charts.ErrorBand("error band (90%)", low, high, "4 to 9 per second at the peak")
    chart = charts.lines("Calls", "per second", {"calls": values}, times, band=band)
    line, drawn = chart.shapes
    assert (line.style, drawn.style) == (charts.LINE, charts.RANGE)
    heights = {x: sorted(y for at, y in coordinates(drawn.path) if at == x) for x, _ in coordinates(line.path)}
    for x, y in coordinates(line.path):
        above, below = heights[x]
        assert chart.top <= above < y < below <= chart.floor
    assert "error band (90%) 4 to 9 per second at the peak" in chart.description


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0.0, "0 s"),
        (0.123, "0.123 s"),
        (12.0, "12 s"),
        (1234.5, "1,234 s"),
        (2.5e7, "25 million s"),
        (1.5e9, "1.5 billion s"),
        (9.999e8, "1,000 million s"),
        (2e14, "200 trillion s"),
    ],
)
def test_amounts_are_formatted_for_reading(value: float, said: str) -> None:
    assert charts.amount(value, "s") == said
