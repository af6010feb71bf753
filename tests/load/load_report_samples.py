"""Synthetic reports of events; as a command, it writes their pages into a folder for browser tests."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import msgspec
from load_traces import asked, event, exchange

from pass_harness.conformance.outcomes import Expectations
from pass_harness.conformance.registry import select
from pass_harness.conformance.reports.composition import compose as compose_conformance
from pass_harness.conformance.reports.history.trends import summary
from pass_harness.conformance.reports.html import page as html_page
from pass_harness.conformance.reports.run import Run
from pass_harness.load.event import Event
from pass_harness.load.forecast import html_page as forecast_page
from pass_harness.load.forecast.forecast import ForecastOptions
from pass_harness.load.forecast.forecast import forecast as foresee
from pass_harness.load.forecast.habits import defects_named
from pass_harness.load.forecast.report import ForecastReport
from pass_harness.load.incidents import Incident, Moment
from pass_harness.load.ipc_messages import Arrival, Attendance
from pass_harness.load.live_evaluation import LiveJudge
from pass_harness.load.report import charts, html
from pass_harness.load.report.charts import Times
from pass_harness.load.report.history import record_of
from pass_harness.load.report.model import LoadReport, compose
from pass_harness.load.slo import Limits, Slo, VerbLimits
from pass_harness.mock_server.behaviours.effects import Effect
from pass_harness.mock_server.behaviours.model import Behaviour, Match
from pass_harness.mock_server.formats.durations import parse_duration

HOSTILE = '"><img src=x onerror=alert(1)><script>alert(1)</script>'


def bad_day(name: str = "a TV provider fails") -> LoadReport:
    """Return a report on a minute with excessive polling, an incident, and viewers who give up."""
    judge = LiveJudge(select(["authentication.poll-interval"]), Expectations(), seconds=60.0, found=_unheard)
    judge.begin(0.0)
    number = 0
    for second in range(50):
        judge.arrival(Arrival(at=float(second), late=0.001))
        for nth in range(5):
            failure = "the service answered 503" if 20 <= second < 25 and nth == 0 else None
            began = second + nth / 5
            judge.verb(asked("play", intended=began, started=began, ended=began + 0.02 * (nth + 1), failure=failure))
            for endpoint in ("profiles.code", "decisions.authorize", "profiles"):
                number += 1
                status = 429 if endpoint == "profiles" and 20 <= second < 23 else 200
                judge.exchange(exchange(number, began + 0.01, endpoint, status=status))
    of: Event = msgspec.structs.replace(
        event(50),
        title=name,
        incidents=(
            Incident(at=Moment("+20s"), lasts=parse_duration("5s"), preset="mvpd-down", title=name),
            Incident(at=Moment("+40s"), revoke_tokens=True),
        ),
    )
    limits = Slo(
        limits=Limits(p95=parse_duration("1s"), error_share=0.001, recovery=parse_duration("10s")),
        verbs={"logout": VerbLimits(p99=parse_duration("1s"))},
    )
    run = Run(mock="http://127.0.0.1:8300", service="http://127.0.0.1:9000", started="2026-01-01T12:00:00+00:00")
    return compose(
        of,
        compose_conformance(judge.conclude(frozenset({"play"})), run=run),
        [],
        attendance=Attendance(arrived=50, finished=45, gave_up=5, reasons={f"play: 503 {name}": 5}),
        judge=judge,
        slo=limits,
        seed=7,
    )


def with_history(report: LoadReport, name: str = "checkout") -> LoadReport:
    """Return a report with a history of two runs."""
    records = [record_of(report, name=name, now=datetime(2026, 1, day, tzinfo=UTC)) for day in (1, 2)]
    report.conformance.history = summary(records[0].series, records)
    return report


def invalid() -> LoadReport:
    """Return a report on a run that could not start."""
    return compose(
        event(),
        compose_conformance([], run=Run(service="http://127.0.0.1:9000")),
        ["no mock answers"],
        attendance=Attendance(),
        judge=LiveJudge([], Expectations(), seconds=60.0),
        slo=None,
        seed=7,
    )


def forecast(name: str = "a TV provider fails") -> ForecastReport:
    """Return a forecast for ten thousand viewers of such a minute and a service with two defects."""
    incident = Incident(at=Moment("+20s"), lasts=parse_duration("5s"), preset="mvpd-down", title=name)
    strange = Incident(
        at=Moment("+40s"), behaviour=Behaviour(effect=Effect(status=503), match=Match(ip="198.18.0.1")), title=name
    )
    of: Event = msgspec.structs.replace(
        event(10_000),
        title=name,
        mvpds={name: 1.0},
        households={"1": 3.0, "4": 1.0},
        incidents=(incident, strange),
    )
    defects = defects_named(["poll-every-second", "token-per-device"])
    return foresee(ForecastOptions(event=of, defects=defects, seed=7), _unheard)


def magnitudes() -> bytes:
    """Return a page with charts of every magnitude, on a time axis of a week with incidents at both ends."""
    week = 7 * 86_400.0
    times = Times(seconds=week, step=week / 3, incidents=[("first", 0.0, 1.0), *[("last", week, None)] * 11])
    drawn = [
        draw("Calls", "per second", {"calls": [0.0, 1.5 * 10.0**power, 1.0]}, times)
        for power in range(-2, 13)
        for draw in (charts.lines, partial(charts.lines, log=True), charts.bars)
    ]
    view = replace(forecast_page.view_of(forecast(), "1.0"), charts=drawn)
    return html_page("forecast.html", html.LOADERS, (html.charts_css(),), view=view)


def _unheard(_: object) -> None:
    """Discard findings and announcements."""


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    for file, report in {
        "bad": with_history(bad_day()),
        "hostile": with_history(bad_day(HOSTILE), HOSTILE),
        "invalid": invalid(),
    }.items():
        (folder / f"{file}.html").write_bytes(html.encode(report, "1.0"))
    for file, foreseen in {"forecast": forecast(), "hostile-forecast": forecast(HOSTILE)}.items():
        (folder / f"{file}.html").write_bytes(forecast_page.encode(foreseen, "1.0"))
    (folder / "magnitudes.html").write_bytes(magnitudes())
