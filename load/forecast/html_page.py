"""The forecast as an HTML page: the peak, charts on one time axis, and every table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pass_harness.conformance.reports.html import page
from pass_harness.conformance.reports.numbers import figure
from pass_harness.load.forecast import report_text
from pass_harness.load.forecast.report import AS_IT_IS, ForecastReport
from pass_harness.load.forecast.significant_digits import rounded
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
    band: str
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
    return page("forecast.html", LOADERS, (charts_css(),), view=view_of(report, version))


def view_of(report: ForecastReport, version: str) -> View:
    """Return the formatted values of the page."""
    return View(
        title=report.event.title or report.event.name,
        headline=report_text.headline(report),
        lead=report_text.lead(report),
        band=report_text.band(report),
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


def _tiles(report: ForecastReport) -> Iterator[Tile]:
    yield (
        "Viewers",
        charts.amount(report.event.audience, ""),
        f"{figure(report.event.peak)} arrivals per second at the peak",
    )
    yield "Calls to Adobe Pass", report_text.count(report.calls, report), f"{figure(report.per_viewer)} per viewer"
    yield (
        "Peak",
        report_text.per_second(report.peak),
        f"calls per second, at {clock(report.peak.at)}; {report_text.limits(report.peak)}",
    )
    yield "Throttled", f"{report.throttled_share:.2%}", f"{report_text.count(report.lost, report)} calls lost"
    if report.polls is not None:
        yield "Polling", f"{report.polls.share:.1%}", f"{figure(report.polls_per_login)} polls per login"
    if report.mvpds:
        busiest = max(report.mvpds, key=lambda one: one.peak.per_second)
        yield "Busiest TV provider", report_text.per_second(busiest.peak), f"requests per second, {busiest.mvpd}"
    if report.renewals:
        herd = max(report.renewals, key=lambda one: one.herd)
        most = report_text.count(herd.herd, report)
        yield "Herd at a token renewal", most, "token calls if no caller waits for another"
    if report.waves:
        wave = max(report.waves, key=lambda one: one.peak.per_second)
        yield (
            "Largest wave of token calls",
            report_text.per_second(wave.peak),
            f"per second, at {clock(wave.peak.at)}",
        )


def _facts(report: ForecastReport) -> list[tuple[str, str]]:
    return [
        ("Event", f"{report.event.name}, {clock(report.event.seconds)}"),
        ("Speed", f"{report.event.speed:g} times the speed of the event" if report.event.speed != 1 else ""),
        ("Learned from", ", ".join(report.learned_from)),
        ("Trace", f"{report.exchanges:,} exchanges in {clock(report.trace_seconds)}" if report.exchanges else ""),
        ("Lacking in the trace", report.trace_lacks),
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
    peaks = {"forecast": report.peak, AS_IT_IS: report.peak}
    peaks |= {one.endpoint: one.peak for one in report.endpoints} | {one.mvpd: one.peak for one in report.mvpds}
    peaks |= {one.name: one.peak for one in report.variants}
    figures = {name: report_text.per_second(peak) for name, peak in peaks.items()}
    figures["arrivals"] = rounded(max(series.arrivals, default=0.0), 0.0)
    figures["throttled"] = report_text.count(max(series.throttled, default=0.0), report)
    arrivals = {"arrivals": series.arrivals}
    yield charts.bars("Arrivals", "viewers per second", arrivals, times, figures=figures)
    unit, all_calls = "per second", {"forecast": series.all_calls}
    yield charts.lines("Error band of all calls", unit, all_calls, times, figures=figures, band=_band(report))
    yield charts.stacked("Calls to Adobe Pass", unit, series.calls, times, figures=figures)
    if series.variants:
        compared = _most_different(series.variants)
        yield charts.lines("Calls without each defect", unit, compared, times, figures=figures)
    if report.waves:
        tokens = {"dcr.token": series.calls["dcr.token"]}
        yield charts.bars("Calls for access tokens", unit, tokens, times, figures=figures, hue=3)
    if any(series.throttled):
        throttled = {"throttled": series.throttled}
        yield charts.bars("Throttled calls (429)", unit, throttled, times, figures=figures, hue=2)
    if series.mvpds:
        yield charts.lines("Requests to TV providers", unit, series.mvpds, times, figures=figures)


def _band(report: ForecastReport) -> charts.ErrorBand:
    figure = f"{report_text.limits(report.peak)} per second at the peak"
    name = f"error band ({report.band.confidence:.0%})"
    return charts.ErrorBand(name, report.series.low, report.series.high, figure)


def _most_different(variants: Mapping[str, Sequence[float]]) -> Mapping[str, Sequence[float]]:
    """Return the service as it is, and the variants with the fewest calls."""
    (as_it_is, now), *others = variants.items()
    others.sort(key=lambda one: sum(one[1]))
    return {as_it_is: now} | dict(others[: MOST_VARIANTS - 1])
