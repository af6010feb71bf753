"""Virtual devices: distinct, reproducible, with the device information that Adobe requires."""

from __future__ import annotations

import base64
import json
from ipaddress import IPv4Address
from itertools import islice

from pass_harness.fixtures.devices import MODELS, TEST_ADDRESSES, new_devices


def test_no_two_devices_share_identifier_or_address() -> None:
    devices = list(islice(new_devices(seed=1), 5_000))
    assert len({device.id for device in devices}) == len({device.ip for device in devices}) == 5_000


def test_addresses_are_in_reserved_ranges() -> None:
    assert all(IPv4Address(device.ip) in TEST_ADDRESSES for device in islice(new_devices(seed=2), 1_000))


def test_the_same_seed_gives_the_same_devices_and_another_one_others() -> None:
    assert list(islice(new_devices(seed=3), 20)) == list(islice(new_devices(seed=3), 20))
    assert next(new_devices(seed=3)).id != next(new_devices(seed=4)).id


def test_device_info_has_what_is_required_and_the_device_s_own_address() -> None:
    for device in islice(new_devices(seed=5), len(MODELS)):
        info = json.loads(base64.b64decode(device.info))
        assert {"model", "version", "osName", "osVersion", "connectionType"} <= info.keys()
        assert (info["connectionIp"], info["connectionPort"]) == (device.ip, str(device.port))
        assert all(info.values())
