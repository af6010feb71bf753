"""Texts that all formats of a forecast share: sentences, and tables as rows of text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pass_harness.conformance.reports.numbers import figure, plural
from pass_harness.load.forecast.report import ASSUMED, DEFECT, ForecastReport, HabitReport, Peak, VariantForecast
from pass_harness.load.report.charts import clock

Row = tuple[str, ...]
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
    return f"{figure(report.peak.per_second)} calls per second at the peak"


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
        f"{figure(report.calls)} calls to Adobe Pass by {plural(report.event.audience, 'viewer')}, {habits}, "
        f"{figure(report.peak.per_second)} of them in the busiest second, at {clock(report.peak.at)}. "
        f"{report.throttled_share:.2%} are throttled."
    )


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
        "Calls by endpoint",
        "",
        ("endpoint", "calls", "share", "peak per second", "at"),
        [(one.endpoint, figure(one.calls), f"{one.share:.1%}", *_peak(one.peak)) for one in report.endpoints],
    )
    yield Table(
        "Throttled by household",
        "Devices of a household share one address, and Adobe Pass limits the rate per address. Lost calls were "
        "rejected as often as the service retries.",
        ("devices", "viewers", "calls", "throttled", "share of calls", "households hit", "lost"),
        [
            (
                str(one.devices),
                figure(one.viewers),
                figure(one.calls),
                figure(one.throttled),
                f"{one.throttled_share:.3%}",
                f"{one.throttled_addresses_share:.2%}",
                figure(one.lost),
            )
            for one in report.households
        ],
    )
    yield Table(
        "TV providers",
        "Logins and decisions for which Adobe Pass, or a viewer's browser, asks the TV provider.",
        ("TV provider", "requests", "peak per second", "at"),
        [(one.mvpd, figure(one.asked), *_peak(one.peak)) for one in report.mvpds],
    )
    yield Table(
        "Renewals of the access token",
        "Herd: calls to the token endpoint if every caller with an expired token fetches a new one, until the first "
        "response arrives. One fetches: calls if one caller of each instance fetches it for all.",
        ("when", "at", "one fetches", "herd", "rejected and repeated"),
        [
            (one.why, clock(one.at), figure(one.calls), figure(one.herd), figure(one.repeated))
            for one in report.renewals
        ],
    )
    yield Table(
        "Incidents",
        "Calls during each incident, and calls of the same time without incidents.",
        ("incident", "from", "to", "calls", "without", "peak per second"),
        [
            (one.name, clock(one.begins), clock(one.ends), figure(one.calls), figure(one.without), figure(one.peak))
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
                figure(one.times),
                ", ".join(f"{endpoint} {number:.3g}" for endpoint, number in one.calls.items() if number) or "none",
            )
            for one in report.actions
        ],
        ("calls each",),
    )
    yield Table(
        "Habits of the service",
        "Habits that were learned, or changed by a defect. All others are assumed to be compliant.",
        ("habit", "value", "compliant", "source"),
        [_habit(one) for one in report.habits if one.source != ASSUMED],
        ("source",),
    )


def _variants(report: ForecastReport) -> Table:
    as_it_is: Row = (
        "as it is",
        figure(report.calls),
        "",
        figure(report.peak.per_second),
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
        figure(one.calls),
        f"{difference:+.1%}",
        figure(one.peak.per_second),
        f"{one.throttled_share:.2%}",
        figure(one.per_viewer),
    )


def _habit(one: HabitReport) -> Row:
    source = "defect" if one.source == DEFECT else plural(one.occasions, "occasion")
    return one.name, _value(one.value), _value(one.compliant), source


def _value(value: float | int | bool) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,.0f}" if value >= 1000 else f"{value:.4g}"


def _peak(peak: Peak) -> tuple[str, str]:
    return figure(peak.per_second), clock(peak.at)
