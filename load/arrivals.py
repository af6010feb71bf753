"""Who comes when: the plan of an event, made before it begins and the same for the same seed.

Arrivals are an open workload: viewers come at their moment, whether or not the service has answered others.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate, islice

from fixtures.devices import Device, new_devices
from load.event import Event, ViewerKind


@dataclass(frozen=True)
class Guest:
    """One viewer of the plan; ``at`` is in seconds from the beginning of the event."""

    at: float
    device: Device
    kind: ViewerKind
    seed: int
    """Of what is left to chance in this viewer's ways."""


def guests(event: Event, seed: int) -> Iterator[Guest]:
    """The whole audience, in the order of arrival."""
    # The seed makes runs repeatable; nothing here is secret.
    chance = random.Random(seed)  # noqa: S311
    weights = [kind.weight for kind in event.viewers]
    # The first device is the doctor's, who asked the service before the event.
    devices = islice(new_devices(seed), 1, event.audience + 1)
    for at, device in zip(moments(event, chance), devices, strict=True):
        kind = chance.choices(event.viewers, weights)[0]
        yield Guest(at, device, kind, chance.getrandbits(64))


def moments(event: Event, chance: random.Random) -> list[float]:
    """When each of the audience arrives, in seconds, in order.

    Each picks a stage by its share and a moment within it, all alike. Given how many come, that is how
    independent people arrive (a Poisson process): now and then several at once.
    """
    begins = [0.0, *accumulate(stage.lasts.seconds for stage in event.stages)]
    shares = [stage.share for stage in event.stages]
    chosen = chance.choices(range(len(event.stages)), shares, k=event.audience)
    return sorted(begins[index] + chance.random() * event.stages[index].lasts.seconds for index in chosen)
