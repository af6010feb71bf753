"""Who comes when, with what device and from where: the plan of an event, the same for the same seed.

Nobody waits for anybody in it: viewers come at their moment, whether or not the service has answered others.
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
from pass_harness.load.device_platforms import PLATFORMS, varied
from pass_harness.load.event import RETURNING, Event, ViewerKind

MOST_ADDRESSES = 131_000
"""As many addresses are set aside for benchmarks, and a few for others than viewers."""
NEIGHBOURS = 1_000
"""Households that fill at the same time: members of one come at moments of their own, not one after the other."""


@dataclass(frozen=True)
class Visit:
    """One viewer of the plan; ``at`` is in seconds from the beginning of the event."""

    number: int
    at: float
    kind: ViewerKind
    mvpd: str
    """The TV provider that they choose; empty for the one of service.toml."""
    seed: int
    """Of what is left to chance in this viewer's ways."""


@dataclass(frozen=True)
class Guest(Visit):
    """A viewer with the device that they hold."""

    device: Device
    shares_address: bool
    """Whether others of the household have the same address."""

    @property
    def logs_in_before(self) -> bool:
        return self.kind.entrance == RETURNING


def require_addresses(event: Event) -> None:
    """Raises `ConfigError` for an audience with more addresses than are set aside for tests."""
    largest = int(MOST_ADDRESSES * event.household)
    if event.audience > largest:
        raise ConfigError(
            f"an audience of {event.audience} needs more addresses than there are for tests: at most {largest} "
            "viewers can come here; `pass-load forecast` says what more of them mean"
        )


def guests(event: Event, seed: int) -> Iterator[Guest]:
    """The whole audience, in the order of arrival."""
    for visit, (device, shares_address) in zip(visits(event, seed), _devices(event, seed), strict=False):
        yield Guest(**vars(visit), device=device, shares_address=shares_address)


def visits(event: Event, seed: int) -> Iterator[Visit]:
    """The whole audience without devices, which take longer to think up."""
    # The seed makes runs repeatable; nothing here is secret.
    chance = random.Random(seed)  # noqa: S311
    weights = [kind.weight for kind in event.viewers]
    for number, at in enumerate(moments(event, chance)):
        kind = chance.choices(event.viewers, weights)[0]
        mvpd = kind.mvpd or (_chosen(event.mvpds, chance) if event.mvpds else "")
        yield Visit(number, at, kind, mvpd, chance.getrandbits(64))


def moments(event: Event, chance: random.Random) -> list[float]:
    """When each of the audience arrives, in seconds, in order.

    Each picks a stage by its share and a moment within it, all alike. Given how many come, that is how
    independent people arrive (a Poisson process): now and then several at once.
    """
    begins = [0.0, *accumulate(stage.lasts.seconds for stage in event.stages)]
    shares = [stage.share for stage in event.stages]
    chosen = chance.choices(range(len(event.stages)), shares, k=event.audience)
    return sorted(begins[index] + chance.random() * event.stages[index].lasts.seconds for index in chosen)


def _devices(event: Event, seed: int) -> Iterator[tuple[Device, bool]]:
    """The devices of the audience, those of one household behind one address, and whether there are others."""
    chance = random.Random(f"devices {seed}")  # noqa: S311 - as above
    from faker import Faker  # noqa: PLC0415 - part of the extra `load`, without which commands can still say so

    fake = Faker()
    fake.seed_instance(seed)
    models: Sequence[Model] = list(PLATFORMS.values())
    weights = [event.devices.get(name, 0.0) for name in PLATFORMS] if event.devices else None
    for address, shared in _addresses(event, chance):
        device = Device(
            id=str(uuid.UUID(int=chance.getrandbits(128), version=4)),
            ip=address,
            port=chance.randrange(49152, 65536),
            model=varied(chance.choices(models, weights)[0], fake),
        )
        yield device, shared


def _addresses(event: Event, chance: random.Random) -> Iterator[tuple[str, bool]]:
    """An address for each viewer, and whether others have it too.

    Households have the event's sizes, and their members come between those of others.
    """
    first = chance.randrange(MOST_ADDRESSES)
    households = 0

    def household() -> list[tuple[str, bool]]:
        nonlocal households
        number = int(TEST_ADDRESSES.network_address) + 1 + (first + households) % MOST_ADDRESSES
        households += 1
        size = int(_chosen(event.households, chance)) if event.households else 1
        return [(str(IPv4Address(number)), size > 1)] * size

    filling = [household() for _ in range(min(NEIGHBOURS, event.audience) if event.households else 1)]
    while True:
        index = chance.randrange(len(filling))
        yield filling[index].pop()
        if not filling[index]:
            filling[index] = household()


def _chosen(shares: dict[str, float], chance: random.Random) -> str:
    return chance.choices(list(shares), list(shares.values()))[0]
