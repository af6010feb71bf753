"""SSO profiles of the SSO Service: their devices, the logins that these share, and the end of both."""

from __future__ import annotations

import pytest

from tests.mock_server.conftest import Mock, device_headers
from tests.mock_server.single_sign_on import log_in, types
from tests.mock_server.sso_service_requests import (
    ALICE,
    INVALID,
    LOGOUT,
    MVPD,
    PHONE,
    TABLET,
    TV,
    ask,
    created,
    info,
    joined,
    link_code,
    listed,
    refusal,
    unlinked,
    value_of,
)
from tests.mock_server.test_device_facts import IPAD

pytestmark = pytest.mark.anyio


async def test_the_list_has_the_attributes_of_each_device(mock: Mock) -> None:
    token = {"Authorization": (await mock.signed_on())["Authorization"]}
    first = {
        **token,
        **device_headers(TV),
        **info(primaryHardwareType="TV", model="Samsung", osName="Tizen", osVersion="5.0"),
    }
    first["AD-Service-Token"] = await created(mock, first, identifier=ALICE)
    await log_in(mock, first, MVPD)
    mock.clock.tick(10)
    phone = {**token, **device_headers(PHONE), **info(primaryHardwareType="MobilePhone", osName="iOS")}
    await created(mock, phone, identifier=ALICE)
    bare = {**token, "AP-Device-Identifier": device_headers(TABLET)["AP-Device-Identifier"]}
    await created(mock, bare, identifier=ALICE)
    mock.clock.tick(10)
    now_ms = mock.clock.now_ms()
    answer = await ask(mock, "GET", "list", first)
    assert answer.json() == {
        "devices": {
            value_of(TV): {
                "deviceType": "smartTV",
                "model": "Samsung",
                "os": "Tizen",
                "osVersion": "5.0",
                "lastSeen": now_ms,
                "type": "regular",
            },
            value_of(PHONE): {"deviceType": "mobile", "os": "iOS", "lastSeen": now_ms - 10_000, "type": "sso"},
            value_of(TABLET): {"deviceType": "Unknown", "os": "Unknown", "lastSeen": now_ms - 10_000, "type": "sso"},
        }
    }


async def test_the_user_agent_describes_a_listed_device_where_x_device_info_does_not(mock: Mock) -> None:
    tv = await joined(mock, TV)
    for device, described in (
        (PHONE, {}),
        (TABLET, info(model="The name that the app gives")),
        ("unreadable", {"X-Device-Info": "{"}),
    ):
        headers = {"Authorization": tv["Authorization"], **device_headers(device), "User-Agent": IPAD}
        del headers["X-Device-Info"]
        await created(mock, {**headers, **described}, identifier=ALICE)
    listed_devices = await listed(mock, tv)
    seen, of_ipad = {"lastSeen": mock.clock.now_ms(), "type": "sso"}, {"os": "iOS", "osVersion": "18.5"}
    assert listed_devices[value_of(PHONE)] == {"deviceType": "tablet", "model": "iPad", **of_ipad, **seen}
    assert listed_devices[value_of(TABLET)] == {
        "deviceType": "tablet",
        "model": "The name that the app gives",
        **of_ipad,
        **seen,
    }
    assert listed_devices[value_of("unreadable")] == {"deviceType": "Unknown", "os": "Unknown", **seen}


async def test_an_unlinked_device_no_longer_shares_the_profile(stored: Mock) -> None:
    tv, phone, tablet = [await joined(stored, device) for device in (TV, PHONE, TABLET)]
    await log_in(stored, tv, MVPD)
    assert await types(stored, phone) == {MVPD: "serviceTokenSSO"}
    wanted = [value_of(TABLET), "unknowndevice", value_of(PHONE), value_of(PHONE)]
    assert await unlinked(stored, tv, *wanted) == [value_of(TABLET), value_of(PHONE)]
    assert await unlinked(stored, tv, *wanted) == []
    for device in (phone, tablet):
        assert await types(stored, device) == {}
        denied = (await stored.decide(device, "authorize", "REF30", mvpd=MVPD))[0]
        assert denied["error"]["code"] == "authenticated_profile_missing"
        assert (await stored.session(device, mvpd=MVPD))["actionName"] == "authenticate"
        for method, call in (("POST", "link"), ("GET", "list"), ("POST", "unlink")):
            assert refusal(await ask(stored, method, call, device)) == INVALID
    assert await types(stored, tv) == {MVPD: "regular"}
    assert list(await listed(stored, tv)) == [value_of(TV)]
    again = await joined(stored, PHONE, link=await link_code(stored, tv))
    assert await types(stored, again) == {MVPD: "serviceTokenSSO"}


async def test_a_profile_without_devices_lists_none(mock: Mock) -> None:
    tv = await joined(mock, TV)
    assert await unlinked(mock, tv, f"fingerprint {value_of(TV)}") == [value_of(TV)]
    token = (await joined(mock, PHONE))["AD-Service-Token"]
    assert await unlinked(mock, await joined(mock, PHONE), value_of(PHONE)) == [value_of(PHONE)]
    outside = {**await mock.signed_on(TABLET), "AD-Service-Token": token}
    assert await listed(mock, outside) == {}


async def test_the_login_device_keeps_its_own_profile_when_it_is_unlinked(mock: Mock) -> None:
    tv, phone = await joined(mock, TV), await joined(mock, PHONE)
    await log_in(mock, tv, MVPD)
    await unlinked(mock, phone, value_of(TV))
    assert await types(mock, tv) == {MVPD: "regular"}
    assert await types(mock, phone) == {MVPD: "serviceTokenSSO"}
    assert (await mock.http.get(LOGOUT, headers=tv)).status_code == 200
    assert await types(mock, tv) == {}


async def test_a_single_logout_spares_the_login_of_an_unlinked_device(stored: Mock) -> None:
    """It ends the login again once the device belongs to the SSO profile again."""
    tv, phone = await joined(stored, TV), await joined(stored, PHONE)
    await log_in(stored, phone, MVPD)
    assert (await stored.decide(phone, "authorize", "REF30", mvpd=MVPD))[0]["authorized"]
    await unlinked(stored, tv, value_of(PHONE))
    assert (await stored.http.get(LOGOUT, headers=tv)).json()["logouts"][MVPD]["actionName"] != "invalid"
    assert (await types(stored, tv), await types(stored, phone)) == ({}, {MVPD: "regular"})
    assert (await stored.decide(phone, "authorize", "REF30", mvpd=MVPD))[0]["authorized"]
    await joined(stored, PHONE)
    await log_in(stored, tv, MVPD)
    await stored.http.get(LOGOUT, headers=tv)
    assert (await types(stored, tv), await types(stored, phone)) == ({}, {})


async def test_linking_does_not_prolong_the_login(mock: Mock) -> None:
    tv = await joined(mock, TV)
    await mock.behave({"ttl": {"profile": "10m"}})
    await log_in(mock, tv, MVPD)
    mock.clock.tick(9 * 60)
    phone = await joined(mock, PHONE, link=await link_code(mock, tv))
    assert await types(mock, phone) == {MVPD: "serviceTokenSSO"}
    mock.clock.tick(60)
    assert await types(mock, phone) == {}


async def test_the_mvpd_ends_the_login_on_every_device(mock: Mock) -> None:
    tv, phone = await joined(mock, TV), await joined(mock, PHONE)
    await log_in(mock, tv, MVPD)
    assert (await mock.http.post("/_mock/profiles/end", json={"device": TV})).json() == {"ended": 1}
    assert (await types(mock, tv), await types(mock, phone)) == ({}, {})


@pytest.mark.parametrize("leaving", [TV, PHONE])
async def test_a_logout_on_any_device_ends_the_login_on_all(stored: Mock, leaving: str) -> None:
    devices = {device: await joined(stored, device) for device in (TV, PHONE, TABLET)}
    await log_in(stored, devices[TV], MVPD)
    assert (await stored.decide(devices[TV], "authorize", "REF30", mvpd=MVPD))[0]["authorized"]
    out = (await stored.http.get(LOGOUT, headers=devices[leaving])).json()["logouts"][MVPD]
    assert out["actionName"] in {"logout", "complete"}
    for headers in devices.values():
        assert await types(stored, headers) == {}
        assert not (await stored.decide(headers, "authorize", "REF30", mvpd=MVPD))[0]["authorized"]


async def test_decisions_use_the_shared_profile_after_the_own_one_has_expired(mock: Mock) -> None:
    phone = await mock.signed_on(PHONE)
    short = await mock.behave({"ttl": {"profile": "1m"}})
    await log_in(mock, phone, MVPD)
    await mock.http.delete(f"/_mock/behaviours/{short}")
    await log_in(mock, await joined(mock, TV), MVPD)
    phone["AD-Service-Token"] = await created(mock, phone, identifier=ALICE)
    assert await types(mock, phone) == {MVPD: "regular"}
    mock.clock.tick(60)
    assert await types(mock, phone) == {MVPD: "serviceTokenSSO"}
    assert (await mock.decide(phone, "authorize", "REF30", mvpd=MVPD))[0]["authorized"]
    assert (await mock.decide(phone, "preauthorize", "REF30", mvpd=MVPD))[0]["authorized"]


async def test_the_control_call_lists_sso_profiles_with_their_devices(mock: Mock) -> None:
    assert (await mock.http.get("/_mock/sso-profiles")).json()["sso-profiles"] == []
    tv = await joined(mock, TV)
    await joined(mock, PHONE)
    await joined(mock, TABLET)
    await log_in(mock, tv, MVPD)
    await unlinked(mock, tv, value_of(TABLET))
    mock.clock.tick(1)
    await joined(mock, "console", identifier="bob")
    answer = (await mock.http.get("/_mock/sso-profiles")).json()
    bob, alice = answer["sso-profiles"]
    then = mock.clock.now_ms() - 1000
    assert (answer["all"], answer["now"]) == (2, then + 1000)
    assert [one["device"] for one in bob["devices"]] == ["console"]
    assert bob["mvpds"] == []
    assert len(alice.pop("subject")) == 64
    assert alice == {
        "service_provider": "REF30",
        "mvpds": [MVPD],
        "devices": [
            {"device": TV, "state": "regular", "last_seen": then},
            {"device": PHONE, "state": "sso", "last_seen": then},
            {"device": TABLET, "state": "unlinked", "last_seen": then},
        ],
    }
    assert len((await mock.http.get("/_mock/sso-profiles?limit=1")).json()["sso-profiles"]) == 1
