"""Texts that all formats of a forecast share: sentences, and tables as rows of text."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from pass_harness.conformance.reports.numbers import figure, plural
from pass_harness.load.forecast.report import (
    ASSUMED,
    DEFECT,
    OPTION,
    ForecastReport,
    HabitReport,
    Peak,
    RunComparison,
    VariantForecast,
    WaveForecast,
)
from pass_harness.load.forecast.significant_digits import rounded, rounded_band
from pass_harness.load.report.charts import clock

Row = tuple[str, ...]
PEAK: Row = ("peak", "error band", "at")
"""Columns of the calls in the busiest second."""
OF_PEAK = "Peak: calls in the busiest second, with their error band."
ACTIONS = {
    "start": "app start",
    "return": "return of a logged-in viewer",
    "providers": "list of TV providers",
    "login": "start of a login",
    "code": "code entered on a phone",
    "wait": "wait for the login (polling)",
    "look": "display of the catalogue",
    "play": "playback",
    "stop": "end of a playback",
    "logout": "logout",
    "renewal": "renewal of an access token in the background",
}


@dataclass(frozen=True)
class Table:
    """A table of the report: heading, explanation, columns and rows."""

    heading: str
    note: str
    columns: Row
    rows: list[Row]
    texts: Row = ()
    """Columns with text other than the first."""


def headline(report: ForecastReport) -> str:
    return f"{per_second(report.peak)} calls per second at the peak"


def lead(report: ForecastReport) -> str:
    """Return a summary of the forecast."""
    habits = (
        f"with the habits learned from {plural(report.exchanges, 'exchange')}"
        if report.learned_from
        else "with the habits of a compliant service"
    )
    if defects := [habit.name for habit in report.habits if habit.source == DEFECT]:
        habits += f" and changed by defects: {', '.join(defects)}"
    return (
        f"{count(report.calls, report)} calls to Adobe Pass by {plural(report.event.audience, 'viewer')}, {habits}, "
        f"{per_second(report.peak)} of them in the busiest second, at {clock(report.peak.at)}. "
        f"{report.throttled_share:.2%} are throttled."
    )


def band(report: ForecastReport) -> str:
    """Return the error band of the peak, and its origin, in sentences."""
    runs = report.band.runs
    learned = (
        f"learned from {plural(len(runs), 'run')} with at most {max(run.audience for run in runs):,} viewers"
        if runs
        else "of chance alone: no run was compared, so the error of the model is not in it"
    )
    return (
        f"Error band of the peak ({report.band.confidence:.0%}): {limits(report.peak)} calls per second, {learned}."
    )


def per_second(peak: Peak) -> str:
    """Format a peak with the digits that its error band justifies."""
    return rounded(peak.per_second, (peak.high - peak.low) / 2)


def limits(peak: Peak) -> str:
    """Format the limits of the error band of a peak."""
    return rounded_band(peak.per_second, peak.low, peak.high)


def count(number: float, report: ForecastReport) -> str:
    """Format a number of calls, viewers or the like with the digits that chance and the model justify."""
    stands_for = report.event.audience / report.simulated
    chance = math.sqrt(report.band.dispersion * (1 + stands_for) / max(abs(number), 1.0))
    return rounded(number, abs(number) * math.hypot(chance, report.band.model_of_calls))


def simulated(report: ForecastReport) -> str:
    """Return the number of simulated viewers as text."""
    if report.simulated == report.event.audience:
        return "every viewer was simulated"
    stands = report.event.audience / report.simulated
    return f"{report.simulated:,} viewers were simulated, each of whom stands for {figure(stands)}"


def tables(report: ForecastReport) -> Iterator[Table]:
    """Yield the tables in the order of the report, without empty ones."""
    return (table for table in _tables(report) if table.rows)


def _tables(report: ForecastReport) -> Iterator[Table]:
    yield _variants(report)
    yield Table(
        "Runs compared with forecasts",
        "The error of the model is learned from these runs: the busiest second of each, compared with the mean of "
        f"{report.band.seeds} forecasts for its audience. Chance is the deviation of a single forecast.",
        ("report", "viewers", "measured", "forecast", "off by", "chance"),
        [_run(one) for one in report.band.runs],
    )
    yield Table(
        "Calls by endpoint",
        OF_PEAK,
        ("endpoint", "calls", "share", *PEAK),
        [(one.endpoint, count(one.calls, report), f"{one.share:.1%}", *_peak(one.peak)) for one in report.endpoints],
    )
    yield Table(
        "Throttled by household",
        "Devices of a household share one address, and Adobe Pass limits the rate per address. Lost calls were "
        "rejected as often as the service retries.",
        ("devices", "viewers", "calls", "throttled", "share of calls", "households hit", "lost"),
        [
            (
                str(one.devices),
                count(one.viewers, report),
                count(one.calls, report),
                count(one.throttled, report),
                f"{one.throttled_share:.3%}",
                f"{one.throttled_addresses_share:.2%}",
                count(one.lost, report),
            )
            for one in report.households
        ],
    )
    yield Table(
        "TV providers",
        f"Logins and decisions for which Adobe Pass, or a viewer's browser, asks the TV provider. {OF_PEAK}",
        ("TV provider", "requests", *PEAK),
        [(one.mvpd, count(one.asked, report), *_peak(one.peak)) for one in report.mvpds],
    )
    yield Table(
        "Renewals of the access token",
        "Herd: calls to the token endpoint if every caller with an expired token fetches a new one, until the first "
        "response arrives. One fetches: calls if one caller of each instance fetches it for all.",
        ("when", "at", "one fetches", "herd", "rejected and repeated"),
        [
            (one.why, clock(one.at), *(count(number, report) for number in (one.calls, one.herd, one.repeated)))
            for one in report.renewals
        ],
    )
    yield Table(
        "Waves of token calls",
        "Calls to the token endpoint in each lifetime of the access tokens. Tokens that were fetched together expire "
        f"together. {OF_PEAK}",
        ("wave", "from", "to", "token calls", *PEAK),
        [_wave(one, report) for one in report.waves],
    )
    yield Table(
        "Incidents",
        "Calls during each incident, and calls of the same time without incidents.",
        ("incident", "from", "to", "calls", "without", "peak per second"),
        [
            (
                one.name,
                clock(one.begins),
                clock(one.ends),
                *(count(number, report) for number in (one.calls, one.without, one.peak)),
            )
            for one in report.incidents
        ],
    )
    yield Table(
        "Calls per viewer action",
        "",
        ("action", "times", "calls each"),
        [
            (
                ACTIONS[one.action],
                count(one.times, report),
                ", ".join(f"{endpoint} {number:.3g}" for endpoint, number in one.calls.items() if number) or "none",
            )
            for one in report.actions
        ],
        ("calls each",),
    )
    yield Table(
        "Habits of the service",
        "Habits that were learned, given as an option, or changed by a defect. All others are assumed to be "
        "compliant.",
        ("habit", "value", "compliant", "source"),
        [_habit(one) for one in report.habits if one.source != ASSUMED],
        ("source",),
    )


def _variants(report: ForecastReport) -> Table:
    as_it_is: Row = (
        "as it is",
        count(report.calls, report),
        "",
        per_second(report.peak),
        f"{report.throttled_share:.2%}",
        figure(report.per_viewer),
    )
    others = [_variant(one, report) for one in report.variants]
    return Table(
        "Calls without each defect",
        "The same audience and the same service, without the defect.",
        ("service", "calls", "change", "peak per second", "throttled", "calls per viewer"),
        [as_it_is, *others] if others else [],
    )


def _variant(one: VariantForecast, report: ForecastReport) -> Row:
    difference = (one.calls - report.calls) / report.calls if report.calls else 0.0
    return (
        one.name,
        count(one.calls, report),
        f"{difference:+.1%}",
        per_second(one.peak),
        f"{one.throttled_share:.2%}",
        figure(one.per_viewer),
    )


def _habit(one: HabitReport) -> Row:
    source = one.source if one.source in (DEFECT, OPTION) else plural(one.occasions, "occasion")
    return one.name, _value(one.value), _value(one.compliant), source


def _value(value: float | int | bool) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,.0f}" if value >= 1000 else f"{value:.4g}"


def _wave(one: WaveForecast, report: ForecastReport) -> Row:
    name = f"renewal {one.number}" if one.number else "first tokens"
    return name, clock(one.begins), clock(one.ends), count(one.calls, report), *_peak(one.peak)


def _run(one: RunComparison) -> Row:
    return (
        one.report,
        f"{one.audience:,}",
        figure(one.measured),
        rounded(one.foreseen, one.foreseen * one.chance),
        f"{one.deviation:+.0%}",
        f"{one.chance:.0%}",
    )


def _peak(peak: Peak) -> Row:
    return per_second(peak), limits(peak), clock(peak.at)
