"""A forecast: habits, learned or assumed, an event, and what comes of them with and without each flaw.

`forecast` is the one visible composition of learning, simulation and report.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from pass_harness.conformance.errors import ConfigError
from pass_harness.load.event import CLOSED, Event
from pass_harness.load.forecast.habits import COMPLIANT, Flaw, Habits
from pass_harness.load.forecast.incident_effects import Troubles, troubles
from pass_harness.load.forecast.learning import learn
from pass_harness.load.forecast.report import ForecastReport
from pass_harness.load.forecast.report_builder import Origin, Variant, compose
from pass_harness.load.forecast.shared_calls import renewals
from pass_harness.load.forecast.simulation import Tally, simulate

LONGEST = 7 * 86_400.0
"""Seconds of an event; figures are kept by second."""
MOST_CALLS = 400_000_000.0
"""With more calls than that, some viewers stand for others."""
MOST_CALLS_OF_VARIANTS = 20_000_000.0
"""The same for what the forecast is compared with."""
Announce = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What a forecast is to be made of."""

    event: Event
    traces: Sequence[Path] = ()
    hosts: Sequence[str] = ()
    defects: Sequence[Flaw] = ()
    instances: int = 1
    answers_within: float = Habits().answers_within
    seed: int


def forecast(wanted: Wanted, announce: Announce) -> ForecastReport:
    """Raises `ConfigError` for an event that cannot be foreseen, and what `learn` raises."""
    event = wanted.event
    _check(event)
    habits, origin, flaws = _habits(wanted, announce)
    upset = troubles(event)

    def happen(habits: Habits, upset: Troubles, most_calls: float, announce: Announce) -> Tally:
        return simulate(
            event,
            habits,
            upset,
            seed=wanted.seed,
            instances=wanted.instances,
            most_calls=most_calls,
            announce=announce,
        )

    def besides(name: str, habits: Habits, upset: Troubles) -> Tally:
        announce(f"the same {name}")
        return happen(habits, upset, MOST_CALLS_OF_VARIANTS, lambda _: None)

    announce(f"event {event.name}: {event.audience:,} viewers")
    tally = happen(habits, upset, MOST_CALLS, announce)
    variants = [
        Variant(
            name=f"without {flaw.name}",
            mended=flaw.name,
            sentence=flaw.sentence,
            tally=besides(f"without {flaw.name}", flaw.mend(habits), upset),
        )
        for flaw in flaws
    ]
    if len(flaws) > 1:
        mended = habits
        for flaw in flaws:
            mended = flaw.mend(mended)
        name = "without all of these"
        variants.append(Variant(name=name, mended="*", sentence="", tally=besides(name, mended, upset)))
    return compose(
        event,
        habits,
        tally,
        seed=wanted.seed,
        instances=wanted.instances,
        origin=origin,
        troubles=upset,
        renewals=renewals(event, habits, upset, tally.calls.sum(axis=0), wanted.instances),
        undisturbed=besides("without incidents", habits, Troubles()) if event.incidents else None,
        variants=variants,
    )


def _habits(wanted: Wanted, announce: Announce) -> tuple[Habits, Origin, list[Flaw]]:
    """The habits, where they come from, and what is wrong with them."""
    habits, origin, flaws = COMPLIANT, Origin(defects=wanted.defects), [*wanted.defects]
    if wanted.traces:
        announce(f"learning from {', '.join(map(str, wanted.traces))}")
        learned = learn(wanted.traces, instances=wanted.instances, hosts=wanted.hosts)
        habits = learned.habits
        flaws = [*learned.flaws, *flaws]
        origin = Origin(
            traces=[str(path) for path in wanted.traces],
            exchanges=learned.exchanges,
            seconds=learned.seconds,
            violated=learned.violated,
            occasions=learned.occasions,
            defects=wanted.defects,
        )
    habits = msgspec.structs.replace(habits, answers_within=wanted.answers_within)
    for flaw in wanted.defects:
        habits = flaw.spoil(habits)
    return habits, origin, flaws


def _check(event: Event) -> None:
    if event.workload == CLOSED:
        raise ConfigError(
            f"event {event.name}: in a closed workload the service decides how often viewers come; write workload = "
            '"open" for a forecast'
        )
    if event.duration.seconds > LONGEST:
        raise ConfigError(f"event {event.name}: a forecast is of 7 days at most; shorten [event] duration")
