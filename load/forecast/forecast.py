"""A forecast: the calls of an event with learned or compliant habits, with and without each defect.

`forecast` composes learning, simulation and report.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from pass_harness.conformance.errors import ConfigError
from pass_harness.load.event import CLOSED, Event
from pass_harness.load.forecast.error_band import learn_band
from pass_harness.load.forecast.habits import COMPLIANT, HabitDefect, Habits
from pass_harness.load.forecast.incident_effects import IncidentEffects, effects_of
from pass_harness.load.forecast.learning import SHORTEST_LIFE_S, learn
from pass_harness.load.forecast.report import ForecastReport
from pass_harness.load.forecast.report_builder import Origin, Variant, compose
from pass_harness.load.forecast.run_reports import read_runs
from pass_harness.load.forecast.shared_calls import renewals
from pass_harness.load.forecast.simulation import Tally, simulate

LONGEST_EVENT_S = 7 * 86_400.0
"""Maximum duration of an event in seconds; statistics are kept by second."""
MOST_CALLS = 1_200_000_000.0
"""Maximum number of simulated calls; beyond it, a sample of the viewers is simulated."""
MOST_CALLS_OF_VARIANTS = 20_000_000.0
"""The same limit for each variant that the forecast is compared with."""
MOST_CALLS_OF_BAND = 2_000_000.0
"""The same limit for each simulation that the error band is learned from."""
Announce = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class ForecastOptions:
    """The inputs of a forecast."""

    event: Event
    traces: Sequence[Path] = ()
    hosts: Sequence[str] = ()
    defects: Sequence[HabitDefect] = ()
    instances: int = 1
    answers_within: float = Habits().answers_within
    seed: int
    token_life: float | None = None
    """Lifetime of access tokens in seconds; by default, the learned or compliant one."""
    client_per_device: bool | None = None
    """Whether each device has its own client; by default, as learned, or else not."""
    runs: Sequence[Path] = ()
    """Reports of runs of the event, from which the error band is learned."""


def forecast(options: ForecastOptions, announce: Announce) -> ForecastReport:
    """Simulate the event and return the report.

    Raises `ConfigError` for an unsupported event, and the errors of `learn`.
    """
    event = options.event
    _check(options)
    runs = read_runs(options.runs, event)
    habits, origin, defects = _habits(options, announce)
    effects = effects_of(event)

    def run(habits: Habits, effects: IncidentEffects, most_calls: float, announce: Announce) -> Tally:
        return simulate(
            event,
            habits,
            effects,
            seed=options.seed,
            instances=options.instances,
            most_calls=most_calls,
            announce=announce,
        )

    def run_small(event: Event, seed: int) -> Tally:
        return simulate(event, habits, effects, seed=seed, instances=options.instances, most_calls=MOST_CALLS_OF_BAND)

    def run_variant(name: str, habits: Habits, effects: IncidentEffects) -> Tally:
        announce(f"variant: {name}")
        return run(habits, effects, MOST_CALLS_OF_VARIANTS, lambda _: None)

    announce(f"event {event.name}: {event.audience:,} viewers")
    tally = run(habits, effects, MOST_CALLS, announce)
    announce("error band")
    band = learn_band(event, runs, run_small, options.seed)
    variants = [
        Variant(
            name=f"without {defect.name}",
            mended=defect.name,
            sentence=defect.sentence,
            tally=run_variant(f"without {defect.name}", defect.remove_from(habits), effects),
        )
        for defect in defects
    ]
    if len(defects) > 1:
        without_any = habits
        for defect in defects:
            without_any = defect.remove_from(without_any)
        name = "without all of these"
        variants.append(Variant(name=name, mended="*", sentence="", tally=run_variant(name, without_any, effects)))
    return compose(
        event,
        habits,
        tally,
        seed=options.seed,
        instances=options.instances,
        origin=origin,
        effects=effects,
        renewals=renewals(event, habits, effects, tally.calls.sum(axis=0), options.instances),
        undisturbed=run_variant("without incidents", habits, IncidentEffects()) if event.incidents else None,
        variants=variants,
        band=band,
    )


def _habits(options: ForecastOptions, announce: Announce) -> tuple[Habits, Origin, list[HabitDefect]]:
    """Return the habits, their origin, and the defects in them."""
    habits, origin, defects = COMPLIANT, Origin(defects=options.defects), [*options.defects]
    if options.traces:
        announce(f"learning from {', '.join(map(str, options.traces))}")
        learned = learn(options.traces, instances=options.instances, hosts=options.hosts)
        habits = learned.habits
        defects = [*learned.defects, *defects]
        origin = Origin(
            traces=[str(path) for path in options.traces],
            exchanges=learned.exchanges,
            seconds=learned.seconds,
            violated=learned.violated,
            lacks=learned.trace.not_judged,
            occasions=learned.occasions,
            defects=options.defects,
        )
    given = {
        name: value
        for name, value in (("token_life", options.token_life), ("client_per_device", options.client_per_device))
        if value is not None
    }
    origin = replace(origin, options=given)
    habits = msgspec.structs.replace(habits, answers_within=options.answers_within, **given)
    for defect in options.defects:
        habits = defect.add_to(habits)
    return habits, origin, defects


def _check(options: ForecastOptions) -> None:
    event = options.event
    if options.token_life is not None and options.token_life < SHORTEST_LIFE_S:
        raise ConfigError(f"--token-life {options.token_life:g}s: give a lifetime of at least {SHORTEST_LIFE_S:g}s")
    if event.workload == CLOSED:
        raise ConfigError(
            f"event {event.name}: in a closed workload, the service determines how often viewers arrive; "
            'write workload = "open" for a forecast'
        )
    if event.duration.seconds > LONGEST_EVENT_S:
        raise ConfigError(f"event {event.name}: a forecast covers at most 7 days; shorten [event] duration")
