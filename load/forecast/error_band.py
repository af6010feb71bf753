"""The error band of a forecast, from chance and from the error of the model.

Chance is measured: a small audience is simulated with several seeds, and the variance of the calls per second is
compared with their mean (index of dispersion). The error of the model is learned from runs: the deviation of each run
from forecasts for its own audience.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import NormalDist

import msgspec
import numpy as np

from pass_harness.load.event import Event
from pass_harness.load.forecast.call_ledger import ENDPOINTS
from pass_harness.load.forecast.run_reports import Run
from pass_harness.load.forecast.simulation import Tally
from pass_harness.load.forecast.throttle_buckets import Floats

CONFIDENCE = 0.9
"""Probability with which a value lies in its band."""
SEEDS = 10
"""Number of simulations with different seeds."""
SMALL_AUDIENCE = 20_000
BUSY = 0.5
"""Share of the calls of the busiest second above which a second is busy."""
CONSTANT = 1e-3
"""Relative difference of peaks up to which they are the same."""

ALL, TOTAL = "all endpoints", "all calls"
"""Names of the calls per second to all endpoints, and of all calls of the event."""

Simulate = Callable[[Event, int], Tally]
"""Simulates an event with a seed."""
_CHANCE = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
_STUDENT_T = (6.314, 2.920, 2.353, 2.132, 2.015, 1.943, 1.895, 1.860, 1.833, 1.812)
"""The 95 % quantile of Student's t distribution for 1 to 10 degrees of freedom."""


@dataclass(frozen=True)
class Comparison:
    """The peak of a run, compared with forecasts for its audience; ``chance`` is the deviation of one forecast."""

    path: Path
    audience: int
    measured: float
    foreseen: float
    chance: float


@dataclass(frozen=True, kw_only=True)
class ErrorBand:
    """The errors of a forecast, relative to its values."""

    dispersion: Mapping[str, float]
    """Variance of the calls per second divided by their mean, by series: endpoints and `ALL`."""
    variance_of_total: float
    """Variance of the number of calls of a viewer, relative to its squared mean."""
    errors: Mapping[str, Sequence[float]] = field(default_factory=dict)
    """Relative error of the model in each run, by series and for `TOTAL`."""
    comparisons: Sequence[Comparison] = ()

    def of_second(self, value: float, series: str, tally: Tally) -> tuple[float, float]:
        """Return the limits of a number of calls in one second."""
        repeated = 1 + tally.audience / tally.simulated
        # The forecast is one random audience, or a sample of it; the real audience is another one.
        variance = self.dispersion.get(series, self.dispersion[ALL]) * repeated / max(value, 1.0)
        return _limits(value, self._half_width(variance, series))

    def of_calls(self, value: float, tally: Tally) -> tuple[float, float]:
        """Return the limits of the number of all calls."""
        variance = self.variance_of_total * (1 / tally.audience + 1 / tally.simulated)
        return _limits(value, self._half_width(variance, TOTAL))

    def model(self, series: str) -> float:
        """Return half of the width of the band that the error of the model causes; 0 if no run was compared."""
        errors = self.errors.get(series) or self.errors.get(ALL) or ()
        if not errors:
            return 0.0
        return _STUDENT_T[min(len(errors), len(_STUDENT_T)) - 1] * math.sqrt(sum(e * e for e in errors) / len(errors))

    def _half_width(self, variance: float, series: str) -> float:
        return math.hypot(_CHANCE * math.sqrt(variance), self.model(series))


def learn_band(event: Event, runs: Sequence[Run], simulate: Simulate, seed: int) -> ErrorBand:
    """Return the error band of forecasts of the event, by simulations of small audiences and of those of the runs."""
    small = msgspec.structs.replace(event, audience=min(event.audience, SMALL_AUDIENCE))
    seeds = [(seed + number) % 2**64 for number in range(1, SEEDS + 1)]
    moments, totals, simulated = _Moments(), [], 0
    for one in seeds:
        tally = simulate(small, one)
        simulated = tally.simulated
        moments.add(_by_series(tally), tally.audience / tally.simulated)
        totals.append(float(tally.calls.sum()))
    compared = [_compare(run, event, simulate, seeds) for run in runs]
    named = [series for series in (ALL, TOTAL, *ENDPOINTS) if all(series in errors for _, errors in compared)]
    return ErrorBand(
        dispersion=dict(zip((ALL, *ENDPOINTS), moments.dispersion(), strict=True)),
        variance_of_total=float(np.var(totals, ddof=1)) / max(float(np.mean(totals)), 1.0) ** 2 * simulated,
        errors={series: [errors[series] for _, errors in compared] for series in named if compared},
        comparisons=[comparison for comparison, _ in compared],
    )


class _Moments:
    """Sums of the calls of each second and series, over simulations."""

    def __init__(self) -> None:
        self._number = 0
        self._peaks: list[Floats] = []
        self._sums = self._squares = np.zeros(0)

    def add(self, calls: Floats, stands_for: float) -> None:
        """Add the calls of a simulation whose viewers stand for ``stands_for`` viewers each."""
        counts = calls / stands_for
        self._peaks.append(calls.max(axis=1))
        self._number += 1
        self._sums = counts + (self._sums if self._number > 1 else 0.0)
        self._squares = counts**2 + (self._squares if self._number > 1 else 0.0)

    def dispersion(self) -> list[float]:
        """Return the variance divided by the mean in the busy seconds of each series.

        It is 1 for a series without calls, and 0 for one with a constant peak: calls that all viewers share.
        """
        mean = self._sums / self._number
        variance = (self._squares - self._number * mean**2) / (self._number - 1)
        busy = mean >= BUSY * mean.max(axis=1, keepdims=True)
        sums = ((variance * busy).sum(axis=1), (mean * busy).sum(axis=1))
        found = [float(v / m) if m else 1.0 for v, m in zip(*sums, strict=True)]
        peaks = np.array(self._peaks)
        constant = np.ptp(peaks, axis=0) <= CONSTANT * peaks.mean(axis=0)
        return [0.0 if peak and same else v for v, peak, same in zip(found, peaks[0], constant, strict=True)]


def _by_series(tally: Tally) -> Floats:
    return np.vstack((tally.calls.sum(axis=0), tally.calls))


def _compare(run: Run, event: Event, simulate: Simulate, seeds: Sequence[int]) -> tuple[Comparison, dict[str, float]]:
    """Compare a run with forecasts for its audience; return the errors by series too.

    An error is the logarithm of measured and foreseen value, and at least the chance of one run: an agreement within
    chance does not show a smaller error of the model.
    """
    of = msgspec.structs.replace(event, audience=run.audience)
    peaks, totals = [], []
    for seed in seeds:
        tally = simulate(of, seed)
        peaks.append(_busiest(_by_series(tally), run.step))
        totals.append(float(tally.calls.sum()))
    foreseen: dict[str, Floats] = {TOTAL: np.array(totals)}
    foreseen |= dict(zip((ALL, *ENDPOINTS), np.array(peaks).T, strict=True))
    measured = {ALL: run.peak, TOTAL: run.total, **run.peaks}
    errors = {
        series: max(abs(math.log(measured[series] / float(values.mean()))), _relative_deviation(values))
        for series, values in foreseen.items()
        if values.mean() and measured.get(series)
    }
    all_calls = foreseen[ALL]
    comparison = Comparison(run.path, run.audience, run.peak, float(all_calls.mean()), _relative_deviation(all_calls))
    return comparison, errors


def _busiest(calls: Floats, step: int) -> Floats:
    """Return the calls per second in the busiest step of each series."""
    busiest: Floats = np.add.reduceat(calls, np.arange(0, calls.shape[1], step), axis=1).max(axis=1) / step
    return busiest


def _relative_deviation(values: Floats) -> float:
    return float(values.std(ddof=1) / values.mean()) if values.mean() else 0.0


def _limits(value: float, half_width: float) -> tuple[float, float]:
    # The error is a factor: values such as half and double are equally far away.
    return value * math.exp(-half_width), value * math.exp(half_width)
