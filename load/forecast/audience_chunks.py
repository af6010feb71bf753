"""The audience of an event, generated in chunks: arrival time, TV provider and address of each viewer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from pass_harness.load.event import Event
from pass_harness.load.forecast.throttle_buckets import Floats, Ints

DEFAULT_MVPD = "(the default)"
"""Name of the TV provider if the event names none."""


@dataclass(frozen=True)
class Chunk:
    """A part of the audience, with viewers of one household size."""

    number: int
    household: int
    """Number of devices per address."""
    address: Ints
    """Number of the address of each viewer, from 0 in the chunk."""
    arrives: Floats
    kind: Ints
    """Index into the event's kinds of viewers."""
    mvpd: Ints
    """Index into `mvpds` of the event."""


def mvpds(event: Event) -> list[str]:
    """Return the TV providers that viewers may choose."""
    chosen = [kind.mvpd for kind in event.viewers if kind.mvpd]
    return list(dict.fromkeys([*(event.mvpds or {DEFAULT_MVPD: 1.0}), *chosen]))


def household_sizes(event: Event, viewers: int) -> dict[int, int]:
    """Return the number of viewers by household size, rounded by the largest remainders."""
    shares = {int(size): int(size) * share for size, share in event.households.items() if share} or {1: 1.0}
    total = sum(shares.values())
    exact = {size: viewers * share / total for size, share in shares.items()}
    whole = {size: int(number) for size, number in exact.items()}
    left = viewers - sum(whole.values())
    for size in sorted(exact, key=lambda size: whole[size] - exact[size])[:left]:
        whole[size] += 1
    return whole


def chunks(event: Event, viewers: int, seed: int, largest: int) -> Iterator[Chunk]:
    """Yield ``viewers`` viewers in chunks of about ``largest`` at most. The same seed gives the same chunks."""
    number = 0
    for size, living in household_sizes(event, viewers).items():
        room = max(1, largest // size) * size
        for begins in range(0, living, room):
            yield _chunk(event, number, size, min(room, living - begins), seed)
            number += 1


def _chunk(event: Event, number: int, household: int, viewers: int, seed: int) -> Chunk:
    rng = np.random.default_rng([seed, number])
    kinds = np.array([kind.weight for kind in event.viewers])
    kind = rng.choice(len(event.viewers), viewers, p=kinds / kinds.sum())
    return Chunk(
        number=number,
        household=household,
        address=np.arange(viewers, dtype=np.int64) // household,
        arrives=_moments(event, viewers, rng),
        kind=kind.astype(np.int64),
        mvpd=_mvpds(event, kind, rng),
    )


def _moments(event: Event, viewers: int, rng: np.random.Generator) -> Floats:
    """Return the arrival times in seconds, distributed as in `pass_harness.load.audience.moments`."""
    lasts = np.array([stage.lasts.seconds for stage in event.stages])
    shares = np.array([stage.share for stage in event.stages])
    stage = rng.choice(len(event.stages), viewers, p=shares / shares.sum())
    begins = np.cumsum(lasts) - lasts
    moments: Floats = begins[stage] + rng.random(viewers) * lasts[stage]
    return moments


def _mvpds(event: Event, kind: Ints, rng: np.random.Generator) -> Ints:
    known = mvpds(event)
    weights = np.array([(event.mvpds or {DEFAULT_MVPD: 1.0}).get(mvpd, 0.0) for mvpd in known])
    mvpd = rng.choice(len(known), kind.size, p=weights / weights.sum()).astype(np.int64)
    own = np.array([known.index(one.mvpd) if one.mvpd else -1 for one in event.viewers])[kind]
    return np.where(own >= 0, own, mvpd)
