"""The plan of an audience: arrivals, addresses and devices, reproducible by seed."""

from __future__ import annotations

import random
from collections import Counter
from itertools import islice, pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from load_traces import event

from pass_harness.conformance.errors import ConfigError
from pass_harness.fixtures.devices import MODELS, new_devices
from pass_harness.load.audience import PlannedViewer, moments, planned_viewers, require_addresses, visits
from pass_harness.load.event import Event, ViewerKind


def changed(of: Event, **changes: object) -> Event:
    return msgspec.structs.replace(of, **changes)


def test_shares_decide_how_many_arrive_in_a_stage() -> None:
    arrivals = moments(event(4000), random.Random(1))
    assert arrivals == sorted(arrivals)
    assert 0 <= arrivals[0] < arrivals[-1] < 40
    assert sum(at >= 30 for at in arrivals) / 4000 == pytest.approx(0.75, abs=0.03)
    assert event(4000).peak == 300.0


def test_arrivals_are_a_poisson_process() -> None:
    """Standard deviation and mean of the gaps between arrivals of a Poisson process are equal."""
    last = [at for at in moments(event(8000), random.Random(2)) if at >= 30]
    gaps = [later - earlier for earlier, later in pairwise(last)]
    mean = sum(gaps) / len(gaps)
    deviation = (sum((gap - mean) ** 2 for gap in gaps) / len(gaps)) ** 0.5
    assert deviation / mean == pytest.approx(1.0, abs=0.1)


def test_the_same_seed_plans_the_same_event() -> None:
    assert list(planned_viewers(event(), 5)) == list(planned_viewers(event(), 5))
    assert list(planned_viewers(event(), 5)) != list(planned_viewers(event(), 6))
    assert [vars(visit) for visit in visits(event(), 5)] == [
        {name: vars(guest)[name] for name in ("number", "at", "kind", "mvpd", "seed")}
        for guest in planned_viewers(event(), 5)
    ]


def test_each_viewer_has_a_device_of_their_own_and_none_the_doctors() -> None:
    (doctors,) = islice(new_devices(5), 1)
    devices = [guest.device for guest in planned_viewers(event(), 5)]
    assert len({device.id for device in devices} | {doctors.id}) == 101
    assert len({device.ip for device in devices}) == 100


def sizes(found: list[PlannedViewer]) -> Counter[int]:
    return Counter(Counter(guest.device.ip for guest in found).values())


def test_households_share_an_address() -> None:
    found = list(planned_viewers(changed(event(6000), households={"1": 50.0, "4": 50.0}), 5))
    alone, together = ([guest for guest in found if guest.shares_address is shared] for shared in (False, True))
    assert set(sizes(alone)) == {1}
    # The last households can be incomplete.
    assert sizes(together).most_common(1)[0][0] == 4
    assert max(sizes(together)) == 4
    assert len(together) / 6000 == pytest.approx(0.8, abs=0.05)


@given(st.dictionaries(st.integers(1, 9).map(str), st.floats(0.1, 9), min_size=1), st.integers(0, 2**32))
def test_no_address_has_more_devices_than_a_household(households: dict[str, float], seed: int) -> None:
    found = list(planned_viewers(changed(event(60), households=households), seed))
    assert len(found) == 60
    assert max(sizes(found)) <= max(map(int, households))
    assert len({guest.device.id for guest in found}) == 60


def test_kinds_providers_and_devices_have_their_shares() -> None:
    of = changed(
        event(3000),
        viewers=(ViewerKind(entrance="returning", weight=3), ViewerKind(entrance="temp-pass", mvpd="TempPass")),
        mvpds={"Cablevision": 3.0, "Spectrum": 1.0},
        devices={"roku": 1.0, "iphone": 1.0},
    )
    found = list(planned_viewers(of, 5))
    returning = [guest for guest in found if guest.logs_in_before]
    assert len(returning) / 3000 == pytest.approx(0.75, abs=0.03)
    mvpds = Counter(guest.mvpd for guest in returning)
    assert mvpds["Cablevision"] / mvpds.total() == pytest.approx(0.75, abs=0.03)
    assert {guest.mvpd for guest in found if not guest.logs_in_before} == {"TempPass"}
    models = Counter(guest.device.model.model for guest in found)
    assert set(models) == {"4850X", "iPhone"}


def test_devices_of_one_kind_differ_and_stay_plausible() -> None:
    devices = [guest.device for guest in planned_viewers(event(400), 5)]
    known = {model.model: model for model in MODELS}
    for device in devices:
        assert device.model.os_version.partition(".")[0] == known[device.model.model].os_version.partition(".")[0]
    phones = {device.model for device in devices if device.model.model == "iPhone"}
    assert len({phone.os_version for phone in phones}) > 3
    assert all(phone.os_version.replace(".", "_") in phone.user_agent for phone in phones)


def test_an_audience_needs_enough_reserved_addresses() -> None:
    require_addresses(changed(event(131_000)))
    require_addresses(changed(event(262_000), households={"2": 1.0}))
    with pytest.raises(ConfigError, match="use at most 131000 viewers"):
        require_addresses(changed(event(10_000_000)))
