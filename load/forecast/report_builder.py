"""Builds the report of a forecast from the results of the simulation."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from pass_harness.load.event import Event
from pass_harness.load.forecast.audience_chunks import mvpds
from pass_harness.load.forecast.call_ledger import ENDPOINTS, NUMBER, POLL
from pass_harness.load.forecast.error_band import ALL, CONFIDENCE, SEEDS, TOTAL, ErrorBand
from pass_harness.load.forecast.habits import COMPLIANT, HabitDefect, Habits
from pass_harness.load.forecast.incident_effects import IncidentEffects
from pass_harness.load.forecast.report import (
    AS_IT_IS,
    ASSUMED,
    DEFECT,
    LEARNED,
    OPTION,
    ActionForecast,
    BandReport,
    EndpointForecast,
    ForecastReport,
    HabitReport,
    HerdForecast,
    HouseholdForecast,
    IncidentForecast,
    MvpdForecast,
    Peak,
    RunComparison,
    SeriesForecast,
    VariantForecast,
    WaveForecast,
)
from pass_harness.load.forecast.shared_calls import Herd
from pass_harness.load.forecast.simulation import Tally
from pass_harness.load.forecast.throttle_buckets import Floats
from pass_harness.load.forecast.token_waves import token_waves
from pass_harness.load.report.model import event_report
from pass_harness.load.timeline import MOST_STEPS


@dataclass(frozen=True, kw_only=True)
class Variant:
    """The results of the event for the service without one defect, or without all."""

    name: str
    mended: str
    sentence: str
    tally: Tally


@dataclass(frozen=True, kw_only=True)
class Origin:
    """The origin of habits."""

    traces: Sequence[str] = ()
    exchanges: int = 0
    seconds: float = 0.0
    violated: Sequence[str] = ()
    lacks: str = ""
    """Gaps of the traces, as a sentence."""
    occasions: Mapping[str, int] = field(default_factory=dict)
    defects: Sequence[HabitDefect] = ()
    options: Collection[str] = ()
    """Habits that options of the command determine."""


def compose(
    event: Event,
    habits: Habits,
    tally: Tally,
    *,
    seed: int,
    instances: int,
    origin: Origin,
    effects: IncidentEffects,
    renewals: Sequence[Herd],
    undisturbed: Tally | None,
    variants: Sequence[Variant],
    band: ErrorBand,
) -> ForecastReport:
    """Return the report of a forecast; ``undisturbed`` is the event without its incidents."""
    calls = tally.calls.sum(axis=0)
    total = float(calls.sum())
    endpoints = _endpoints(tally, band)
    calls_low, calls_high = band.of_calls(total, tally)
    polls = next((one for one in endpoints if one.endpoint == ENDPOINTS[POLL]), None)
    waits = tally.actions["wait"]
    return ForecastReport(
        exit_code=1 if origin.violated else 0,
        event=event_report(event, seed),
        learned_from=list(origin.traces),
        exchanges=origin.exchanges,
        trace_seconds=round(origin.seconds, 3),
        violated=list(origin.violated),
        trace_lacks=origin.lacks,
        instances=instances,
        simulated=tally.simulated,
        habits=_habits(habits, origin),
        band=_band(band),
        calls=_figure(total),
        calls_low=_figure(calls_low),
        calls_high=_figure(calls_high),
        per_viewer=_figure(total / tally.audience),
        peak=_peak(calls, tally, band),
        throttled=_figure(tally.throttled.sum()),
        throttled_share=_share(tally.throttled.sum(), total),
        lost=_figure(tally.lost),
        polls=polls,
        polls_per_login=_figure(tally.calls_of["wait", ENDPOINTS[POLL]] / waits) if waits else 0.0,
        endpoints=endpoints,
        mvpds=_mvpds(event, tally, band),
        households=_households(tally),
        actions=_actions(tally),
        renewals=[
            HerdForecast(
                why=herd.why,
                at=herd.at,
                calls=_figure(herd.calls),
                herd=_figure(herd.herd),
                repeated=_figure(herd.repeated),
            )
            for herd in renewals
        ],
        waves=_waves(tally, habits, band),
        incidents=_incidents(event, tally, undisturbed),
        unforeseen=list(effects.unforeseen),
        variants=[_variant(variant, band) for variant in variants],
        series=_series(event, tally, variants, band),
    )


def _habits(habits: Habits, origin: Origin) -> list[HabitReport]:
    changed = {name for defect in origin.defects for name in defect.habits}

    def source(name: str) -> str:
        if name in changed:
            return DEFECT
        if name in origin.options:
            return OPTION
        return LEARNED if name in origin.occasions else ASSUMED

    return [
        HabitReport(
            name=name,
            value=getattr(habits, name),
            compliant=getattr(COMPLIANT, name),
            source=source(name),
            occasions=origin.occasions.get(name, 0) if source(name) == LEARNED else 0,
        )
        for name in habits.__struct_fields__
    ]


def _band(band: ErrorBand) -> BandReport:
    return BandReport(
        confidence=CONFIDENCE,
        seeds=SEEDS,
        dispersion=round(band.dispersion[ALL], 4),
        model_of_peak=round(band.model(ALL), 6),
        model_of_calls=round(band.model(TOTAL), 6),
        runs=[
            RunComparison(
                report=str(one.path),
                audience=one.audience,
                measured=_figure(one.measured),
                foreseen=_figure(one.foreseen),
                deviation=_share(one.measured - one.foreseen, one.foreseen),
                chance=round(one.chance, 6),
            )
            for one in band.comparisons
        ],
    )


def _endpoints(tally: Tally, band: ErrorBand) -> list[EndpointForecast]:
    total = float(tally.calls.sum())
    found = [
        EndpointForecast(
            endpoint=endpoint,
            calls=_figure(calls.sum()),
            share=_share(calls.sum(), total),
            peak=_peak(calls, tally, band, endpoint),
        )
        for endpoint, calls in zip(ENDPOINTS, tally.calls, strict=True)
        if calls.any()
    ]
    return sorted(found, key=lambda one: -one.calls)


def _mvpds(event: Event, tally: Tally, band: ErrorBand) -> list[MvpdForecast]:
    return [
        MvpdForecast(mvpd=mvpd, asked=_figure(asked.sum()), peak=_peak(asked, tally, band))
        for mvpd, asked in zip(mvpds(event), tally.mvpd_requests, strict=True)
        if asked.any()
    ]


def _households(tally: Tally) -> list[HouseholdForecast]:
    return [
        HouseholdForecast(
            devices=size,
            viewers=_figure(household.viewers),
            addresses=_figure(household.addresses),
            calls=_figure(household.calls),
            throttled=_figure(household.throttled),
            throttled_share=_share(household.throttled, household.calls),
            throttled_addresses_share=_share(household.throttled_addresses, household.addresses),
            lost=_figure(household.lost),
        )
        for size, household in sorted(tally.households.items())
    ]


def _actions(tally: Tally) -> list[ActionForecast]:
    scale = tally.audience / tally.simulated
    return [
        ActionForecast(
            action=action,
            times=_figure(times * scale),
            calls={
                endpoint: _figure(number / times)
                for (of, endpoint), number in sorted(tally.calls_of.items())
                if of == action
            },
        )
        for action, times in sorted(tally.actions.items(), key=lambda item: -item[1])
        if times
    ]


def _incidents(event: Event, tally: Tally, undisturbed: Tally | None) -> list[IncidentForecast]:
    if undisturbed is None:
        return []
    found = []
    with_them, without = tally.calls.sum(axis=0), undisturbed.calls.sum(axis=0)
    for incident in event.incidents:
        ends = event.duration.seconds if incident.ends is None else incident.ends
        during = slice(int(incident.begins), max(int(incident.begins) + 1, int(np.ceil(ends))))
        found.append(
            IncidentForecast(
                name=incident.name,
                begins=incident.begins,
                ends=ends,
                calls=_figure(with_them[during].sum()),
                without=_figure(without[during].sum()),
                peak=_figure(with_them[during].max(initial=0.0)),
            )
        )
    return found


def _waves(tally: Tally, habits: Habits, band: ErrorBand) -> list[WaveForecast]:
    tokens = tally.calls[NUMBER["dcr.token"]]
    return [
        WaveForecast(
            number=wave.number,
            begins=float(wave.begins),
            ends=float(wave.ends),
            calls=_figure(tokens[wave.begins : wave.ends].sum()),
            peak=_peak(tokens[wave.begins : wave.ends], tally, band, "dcr.token", begins=wave.begins),
        )
        for wave in token_waves(tally, habits)
    ]


def _variant(variant: Variant, band: ErrorBand) -> VariantForecast:
    tally = variant.tally
    calls = tally.calls.sum(axis=0)
    return VariantForecast(
        name=variant.name,
        mended=variant.mended,
        sentence=variant.sentence,
        simulated=tally.simulated,
        calls=_figure(calls.sum()),
        per_viewer=_figure(calls.sum() / tally.audience),
        peak=_peak(calls, tally, band),
        throttled_share=_share(tally.throttled.sum(), calls.sum()),
        lost=_figure(tally.lost),
        polls=_figure(tally.calls[POLL].sum()),
        tokens=_figure(tally.calls[ENDPOINTS.index("dcr.token")].sum()),
    )


def _series(event: Event, tally: Tally, variants: Sequence[Variant], band: ErrorBand) -> SeriesForecast:
    step = max(1, -(-tally.arrivals.size // MOST_STEPS))
    all_calls = _steps(tally.calls.sum(axis=0), step)
    limits = [band.of_second(value, ALL, tally) for value in all_calls]
    compared = {AS_IT_IS: tally} | {variant.name: variant.tally for variant in variants}
    return SeriesForecast(
        step_seconds=float(step),
        arrivals=_steps(tally.arrivals, step),
        all_calls=all_calls,
        low=[_figure(low) for low, _ in limits],
        high=[_figure(high) for _, high in limits],
        calls={
            endpoint: _steps(calls, step)
            for endpoint, calls in zip(ENDPOINTS, tally.calls, strict=True)
            if calls.any()
        },
        throttled=_steps(tally.throttled, step),
        mvpds={
            mvpd: _steps(asked, step)
            for mvpd, asked in zip(mvpds(event), tally.mvpd_requests, strict=True)
            if asked.any()
        },
        variants={name: _steps(one.calls.sum(axis=0), step) for name, one in compared.items()} if variants else {},
    )


def _steps(values: Floats, step: int) -> list[float]:
    """Return the maximum of each step."""
    return [_figure(value) for value in np.maximum.reduceat(values, np.arange(0, values.size, step))]


def _peak(values: Floats, tally: Tally, band: ErrorBand, series: str = ALL, *, begins: int = 0) -> Peak:
    at = int(values.argmax())
    low, high = band.of_second(float(values[at]), series, tally)
    return Peak(per_second=_figure(values[at]), at=float(begins + at), low=_figure(low), high=_figure(high))


def _share(part: float, whole: float) -> float:
    return round(float(part) / float(whole), 6) if whole else 0.0


def _figure(value: float) -> float:
    return round(float(value), 3)
