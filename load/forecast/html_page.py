"""The forecast as an HTML page: the peak, charts on one time axis, and every table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pass_harness.conformance.reports.html import page
from pass_harness.conformance.reports.numbers import figure
from pass_harness.load.forecast import report_text
from pass_harness.load.forecast.report import ForecastReport
from pass_harness.load.report import charts
from pass_harness.load.report.charts import Chart, Times, clock
from pass_harness.load.report.html import LOADERS, charts_css

Tile = tuple[str, str, str]
MOST_VARIANTS = 8
"""Maximum lines of one chart."""


@dataclass(frozen=True)
class View:
    """The formatted values of the template."""

    title: str
    headline: str
    lead: str
    tiles: Sequence[Tile]
    facts: Sequence[tuple[str, str]]
    violated: Sequence[str]
    unforeseen: Sequence[str]
    incidents: Sequence[str]
    charts: Sequence[Chart]
    step: str
    tables: Sequence[report_text.Table]
    version: str


def encode(report: ForecastReport, version: str = "") -> bytes:
    """Return the page; ``version`` is the version of Pass Harness."""
    view = View(
        title=report.event.title or report.event.name,
        headline=report_text.headline(report),
        lead=report_text.lead(report),
        tiles=list(_tiles(report)),
        facts=_facts(report),
        violated=report.violated,
        unforeseen=report.unforeseen,
        incidents=[f"{one.name}, from {clock(one.begins)} to {clock(one.ends)}" for one in report.incidents],
        charts=list(_charts(report)),
        step=clock(report.series.step_seconds) if report.series.step_seconds > 1 else "",
        tables=list(report_text.tables(report)),
        version=version,
    )
    return page("forecast.html", LOADERS, (charts_css(),), view=view)


def _tiles(report: ForecastReport) -> Iterator[Tile]:
    yield "Viewers", f"{report.event.audience:,}", f"{figure(report.event.peak)} arrivals per second at the peak"
    yield "Calls to Adobe Pass", figure(report.calls), f"{figure(report.per_viewer)} per viewer"
    yield "Peak", figure(report.peak.per_second), f"calls per second, at {clock(report.peak.at)}"
    yield "Throttled", f"{report.throttled_share:.2%}", f"{figure(report.lost)} calls lost"
    if report.polls is not None:
        yield "Polling", f"{report.polls.share:.1%}", f"{figure(report.polls_per_login)} polls per login"
    if report.mvpds:
        busiest = max(report.mvpds, key=lambda one: one.peak.per_second)
        yield "Busiest TV provider", figure(busiest.peak.per_second), f"requests per second, {busiest.mvpd}"
    if report.renewals:
        herd = max(report.renewals, key=lambda one: one.herd)
        yield "Herd at a token renewal", figure(herd.herd), "token calls if no caller waits for another"


def _facts(report: ForecastReport) -> list[tuple[str, str]]:
    return [
        ("Event", f"{report.event.name}, {clock(report.event.seconds)}"),
        ("Speed", f"{report.event.speed:g} times the speed of the event" if report.event.speed != 1 else ""),
        ("Learned from", ", ".join(report.learned_from)),
        ("Trace", f"{report.exchanges:,} exchanges in {clock(report.trace_seconds)}" if report.exchanges else ""),
        ("Simulated", report_text.simulated(report)),
        ("Instances of the service", str(report.instances)),
        ("Seed", str(report.event.seed)),
    ]


def _charts(report: ForecastReport) -> Iterator[Chart]:
    series = report.series
    times = Times(
        seconds=max(report.event.seconds, len(series.arrivals) * series.step_seconds),
        step=series.step_seconds,
        incidents=[(one.name, one.begins, one.ends) for one in report.incidents],
    )
    yield charts.bars("Arrivals", "viewers per second", {"arrivals": series.arrivals}, times)
    yield charts.stacked("Calls to Adobe Pass", "per second", series.calls, times)
    if series.variants:
        yield charts.lines("Calls without each defect", "calls per second", _most_different(series.variants), times)
    if any(series.throttled):
        yield charts.bars("Throttled calls (429)", "per second", {"throttled": series.throttled}, times, hue=2)
    if series.mvpds:
        yield charts.lines("Requests to TV providers", "per second", series.mvpds, times)


def _most_different(variants: Mapping[str, Sequence[float]]) -> Mapping[str, Sequence[float]]:
    """Return the service as it is, and the variants with the fewest calls."""
    (as_it_is, now), *others = variants.items()
    others.sort(key=lambda one: sum(one[1]))
    return {as_it_is: now} | dict(others[: MOST_VARIANTS - 1])
