"""The audience of an event: arrival time, device and address of each viewer, determined by the random seed.

The workload is open: viewers arrive on schedule, independently of the responses of the service.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address
from itertools import accumulate

from pass_harness.conformance.errors import ConfigError
from pass_harness.fixtures.devices import TEST_ADDRESSES, Device, Model
from pass_harness.load.device_platforms import PLATFORMS, with_random_os_version
from pass_harness.load.event import RETURNING, Event, ViewerKind

MOST_ADDRESSES = 131_000
"""Addresses for viewers. The range for benchmarks (RFC 2544) has a few more, which the doctor uses."""
NEIGHBOURS = 1_000
"""Households whose members arrive interleaved, so that members of one household do not arrive one after the other."""


@dataclass(frozen=True)
class Visit:
    """A planned visit of one viewer; ``at`` is the arrival in seconds from the start of the event."""

    number: int
    at: float
    kind: ViewerKind
    mvpd: str
    """Id of the chosen TV provider; empty for the `mvpd` of service.toml."""
    seed: int
    """Random seed of the choices during the visit."""


@dataclass(frozen=True)
class PlannedViewer(Visit):
    """A planned visit with the device of the viewer."""

    device: Device
    shares_address: bool
    """True if other devices of the household have the same address."""

    @property
    def logs_in_before(self) -> bool:
        """True if the viewer logs in before the event."""
        return self.kind.entrance == RETURNING


def require_addresses(event: Event) -> None:
    """Raise `ConfigError` if the audience needs more addresses than the range for benchmarks has."""
    largest = int(MOST_ADDRESSES * event.household)
    if event.audience > largest:
        raise ConfigError(
            f"an audience of {event.audience} needs more addresses than the test range has: use at most {largest} "
            "viewers with these [households], or `pass-load forecast` for a larger audience"
        )


def planned_viewers(event: Event, seed: int) -> Iterator[PlannedViewer]:
    """Yield the whole audience in order of arrival; the same for the same seed."""
    for visit, (device, shares_address) in zip(visits(event, seed), _devices(event, seed), strict=False):
        yield PlannedViewer(**vars(visit), device=device, shares_address=shares_address)


def visits(event: Event, seed: int) -> Iterator[Visit]:
    """Yield the whole audience in order of arrival, without devices, which take longer to generate."""
    # The seed makes runs repeatable; nothing here is secret.
    rng = random.Random(seed)  # noqa: S311
    weights = [kind.weight for kind in event.viewers]
    for number, at in enumerate(moments(event, rng)):
        kind = rng.choices(event.viewers, weights)[0]
        mvpd = kind.mvpd or (_chosen(event.mvpds, rng) if event.mvpds else "")
        yield Visit(number, at, kind, mvpd, rng.getrandbits(64))


def moments(event: Event, rng: random.Random) -> list[float]:
    """Return the arrival times of the audience, in seconds from the start of the event, in order.

    Each viewer picks a stage by its share and a time within it, uniformly. For a given number of viewers, these are
    the arrivals of a Poisson process: independent, and sometimes several at once.
    """
    begins = [0.0, *accumulate(stage.lasts.seconds for stage in event.stages)]
    shares = [stage.share for stage in event.stages]
    chosen = rng.choices(range(len(event.stages)), shares, k=event.audience)
    return sorted(begins[index] + rng.random() * event.stages[index].lasts.seconds for index in chosen)


def _devices(event: Event, seed: int) -> Iterator[tuple[Device, bool]]:
    """Yield the device of each viewer, and whether its address is shared. A household has one address."""
    rng = random.Random(f"devices {seed}")  # noqa: S311 - as above
    from faker import Faker  # noqa: PLC0415 - part of the extra `load`; commands report if it is missing

    fake = Faker()
    fake.seed_instance(seed)
    models: Sequence[Model] = list(PLATFORMS.values())
    weights = [event.devices.get(name, 0.0) for name in PLATFORMS] if event.devices else None
    for address, shared in _addresses(event, rng):
        device = Device(
            id=str(uuid.UUID(int=rng.getrandbits(128), version=4)),
            ip=address,
            port=rng.randrange(49152, 65536),
            model=with_random_os_version(rng.choices(models, weights)[0], fake),
        )
        yield device, shared


def _addresses(event: Event, rng: random.Random) -> Iterator[tuple[str, bool]]:
    """Yield an address for each viewer, and whether other viewers share it.

    Household sizes follow [households] of the event; members of different households are interleaved.
    """
    first = rng.randrange(MOST_ADDRESSES)
    households = 0

    def household() -> list[tuple[str, bool]]:
        nonlocal households
        number = int(TEST_ADDRESSES.network_address) + 1 + (first + households) % MOST_ADDRESSES
        households += 1
        size = int(_chosen(event.households, rng)) if event.households else 1
        return [(str(IPv4Address(number)), size > 1)] * size

    open_households = [household() for _ in range(min(NEIGHBOURS, event.audience) if event.households else 1)]
    while True:
        index = rng.randrange(len(open_households))
        yield open_households[index].pop()
        if not open_households[index]:
            open_households[index] = household()


def _chosen(shares: dict[str, float], rng: random.Random) -> str:
    return rng.choices(list(shares), list(shares.values()))[0]
