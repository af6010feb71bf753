"""What all forms of a forecast say alike: the sentences, and tables as rows of text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pass_harness.conformance.reports.html.format import plural
from pass_harness.load.forecast.report import ASSUMED, DEFECT, ForecastReport, HabitReport, Peak, VariantForecast
from pass_harness.load.report.charts import clock
from pass_harness.load.report.report_text import figure

Row = tuple[str, ...]
ACTIONS = {
    "start": "the app starts",
    "return": "a viewer who is logged in comes back",
    "providers": "TV providers to choose from",
    "login": "a login begins",
    "code": "a code is typed on a phone",
    "wait": "waiting for the login (polling)",
    "look": "a look at the catalogue",
    "play": "a playback",
    "stop": "a playback ends",
    "logout": "a logout",
}


@dataclass(frozen=True)
class Table:
    """A table of the report: its heading, a sentence on how to read it, and what is in it."""

    heading: str
    note: str
    columns: Row
    rows: list[Row]
    texts: Row = ()
    """The columns besides the first that are words, not figures."""


def headline(report: ForecastReport) -> str:
    return f"{figure(report.peak.per_second)} calls a second at the peak"


def lead(report: ForecastReport) -> str:
    """The forecast in two sentences."""
    habits = (
        f"with the habits learned from {plural(report.exchanges, 'exchange')}"
        if report.learned_from
        else "with the habits of a compliant service"
    )
    if defects := [habit.name for habit in report.habits if habit.source == DEFECT]:
        habits += f", spoilt in {', '.join(defects)}"
    return (
        f"{figure(report.calls)} calls to Adobe Pass by {plural(report.event.audience, 'viewer')}, {habits}, "
        f"{figure(report.peak.per_second)} of them in the fullest second, at {clock(report.peak.at)}. "
        f"{report.throttled_share:.2%} are throttled."
    )


def simulated(report: ForecastReport) -> str:
    """How many viewers were simulated, where it is not all of them."""
    if report.simulated == report.event.audience:
        return "every viewer was simulated"
    stands = report.event.audience / report.simulated
    return f"{report.simulated:,} viewers were simulated, each of whom stands for {figure(stands)}"


def tables(report: ForecastReport) -> Iterator[Table]:
    """Everything that is a table, in the order of reports; those with nothing in them are left out."""
    return (table for table in _tables(report) if table.rows)


def _tables(report: ForecastReport) -> Iterator[Table]:
    yield _variants(report)
    yield Table(
        "Calls by endpoint",
        "",
        ("endpoint", "calls", "share", "peak a second", "at"),
        [(one.endpoint, figure(one.calls), f"{one.share:.1%}", *_peak(one.peak)) for one in report.endpoints],
    )
    yield Table(
        "Throttled by household",
        "Devices of a household have one address, and Adobe Pass throttles by address. Lost are calls that were "
        "refused as often as the service tries.",
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
        "Logins and decisions for which Adobe Pass, or a viewer's browser, asks them.",
        ("TV provider", "asked", "peak a second", "at"),
        [(one.mvpd, figure(one.asked), *_peak(one.peak)) for one in report.mvpds],
    )
    yield Table(
        "Renewals of the access token",
        "A herd is all the callers who find the token spent until the first of them has the next one: so many calls "
        "to the token endpoint, within one answer, where not one of them fetches it for all.",
        ("when", "at", "one fetches", "herd", "rejected and repeated"),
        [
            (one.why, clock(one.at), figure(one.calls), figure(one.herd), figure(one.repeated))
            for one in report.renewals
        ],
    )
    yield Table(
        "Incidents",
        "The calls meanwhile, and those of the same time without incidents.",
        ("incident", "from", "to", "calls", "without", "peak a second"),
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
        "Those that were learned or spoilt; all others are assumed to be as they should.",
        ("habit", "is", "should be", "known from"),
        [_habit(one) for one in report.habits if one.source != ASSUMED],
        ("known from",),
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
        "With and without each flaw",
        "The same audience, served by the same service without the flaw.",
        ("service", "calls", "change", "peak a second", "throttled", "calls per viewer"),
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
    known = "defect" if one.source == DEFECT else plural(one.occasions, "occasion")
    return one.name, _value(one.value), _value(one.compliant), known


def _value(value: float | int | bool) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,.0f}" if value >= 1000 else f"{value:.4g}"


def _peak(peak: Peak) -> tuple[str, str]:
    return figure(peak.per_second), clock(peak.at)
