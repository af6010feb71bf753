"""Reports of runs that a forecast is compared with: the report.json of `pass-load run`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from pass_harness.conformance.errors import ConfigError
from pass_harness.load.event import Event
from pass_harness.load.report.model import AdobeReport, EventReport, SeriesReport

ARRIVALS_TOLERANCE = 0.01
"""Maximum difference of the arrivals at the peak, per viewer, between runs of one event (rounding in the report)."""


class _Report(msgspec.Struct):
    invalid: list[str]
    event: EventReport
    adobe: AdobeReport
    series: SeriesReport


@dataclass(frozen=True)
class Run:
    """The measured calls of a run to Adobe Pass."""

    path: Path
    audience: int
    step: int
    """Width of the steps of the time series in seconds."""
    total: float
    peaks: dict[str, float]
    """Calls per second in the busiest step, by endpoint."""
    peak: float
    """Calls per second to all endpoints in the busiest step."""


def read_runs(paths: Sequence[Path], event: Event) -> list[Run]:
    """Read the reports of runs of the event; a file that is given twice counts once.

    Raises `ConfigError` for a file that is no valid report of such a run.
    """
    return [_read(path, event) for path in {path.resolve(): path for path in paths}.values()]


def _read(path: Path, event: Event) -> Run:
    try:
        report = msgspec.json.decode(path.read_bytes(), type=_Report)
    except (OSError, msgspec.DecodeError) as error:
        raise ConfigError(
            f"{path}: not the report of a run ({error}); give the report.json of pass-load run --report DIR"
        ) from error
    if report.invalid:
        raise ConfigError(f"{path}: the run is invalid ({report.invalid[0]}); learn from valid runs only")
    if report.event.audience < 1 or report.series.step_seconds <= 0 or not _is_whole(report.series):
        raise ConfigError(f"{path}: its figures are incomplete; give the report.json as the run wrote it")
    if difference := _difference(report.event, event):
        raise ConfigError(f"{path}: the run is of another event ({difference}); give runs of the event {event.name}")
    calls = report.series.calls
    if not report.adobe.calls or not calls:
        raise ConfigError(f"{path}: the run recorded no calls to Adobe Pass; run the event with --mock")
    return Run(
        path=path,
        audience=report.event.audience,
        step=max(1, round(report.series.step_seconds)),
        total=float(report.adobe.calls),
        peaks={endpoint: max(values) / report.series.step_seconds for endpoint, values in calls.items()},
        peak=max(map(sum, zip(*calls.values(), strict=True))) / report.series.step_seconds,
    )


def _difference(run: EventReport, event: Event) -> str:
    """Return in which way the event of a run differs from the forecast; empty if it does not."""
    if run.name != event.name:
        return f"{run.name}, not {event.name}"
    if abs(run.seconds - event.duration.seconds) > 1e-3:
        return f"it lasts {run.seconds:g} s, not {event.duration.seconds:g} s"
    if run.speed != event.speed:
        return f"its speed is {run.speed:g}, not {event.speed:g}"
    arrivals = event.peak / event.audience * run.audience
    if abs(run.peak - arrivals) > max(ARRIVALS_TOLERANCE * arrivals, ARRIVALS_TOLERANCE):
        return f"{run.peak:g} arrivals per second at its peak, not {arrivals:.4g}"
    return ""


def _is_whole(series: SeriesReport) -> bool:
    """Return whether the calls to each endpoint have a value for each step."""
    lengths = {len(values) for values in series.calls.values()}
    return not lengths or (len(lengths) == 1 and lengths != {0})
