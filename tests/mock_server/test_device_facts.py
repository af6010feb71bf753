"""Devices by X-Device-Info and User-Agent: the device of a session, and the platform that selects a TTL."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any, get_args

import pytest

from pass_harness.mock_server.adobe import user_agents
from pass_harness.mock_server.adobe.device_facts import UNIDENTIFIED, Platform, device_facts, platform_of
from pass_harness.mock_server.adobe.enums import DeviceType
from tests.mock_server.conftest import FULL, Mock
from tests.mock_server.sample_requests import DESKTOP
from tests.mock_server.test_access import MINE, REF30, configured

HOUR_MS = 3_600_000
WEB = "AppleWebKit/537.36 (KHTML, like Gecko)"
APPLE_TV = "AppleCoreMedia/1.0.0.22L572 (Apple TV; U; CPU OS 18_5 like Mac OS X; en_us)"
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 "
    "Mobile/15E148 Safari/604.1"
)
IPAD = IPHONE.replace("iPhone; CPU iPhone", "iPad; CPU")
WINDOWS = f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {WEB} Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0"


def encoded(info: object) -> str:
    return base64.b64encode(json.dumps(info).encode()).decode()


@pytest.mark.parametrize(
    ("user_agent", "expected"),
    [
        (DESKTOP, ("Desktop", "macOS", "10.15.7", "Apple", None, "Chrome", "Google")),
        (WINDOWS, ("Desktop", "Windows", "10", None, None, "Edge", "Microsoft")),
        (IPHONE, ("MobilePhone", "iOS", "18.5", "Apple", "iPhone", "Safari", "Apple")),
        (IPAD, ("Tablet", "iOS", "18.5", "Apple", "iPad", "Safari", "Apple")),
        (
            f"Mozilla/5.0 (Linux; Android 14; SM-S901U) {WEB} Chrome/126.0.0.0 Mobile Safari/537.36",
            ("MobilePhone", "Android", "14", "Samsung", "SM-S901U", "Chrome", "Google"),
        ),
        ("Roku/DVP-14.5 (14.5.4.5934-C2)", ("SetTopBox", "Roku OS", "14.5", None, None, None, None)),
        (APPLE_TV, ("SetTopBox", "tvOS", None, "Apple", "AppleTV", None, None)),
        (
            f"Mozilla/5.0 (Web0S; Linux/SmartTV) {WEB} Chrome/94.0.4606.128 Safari/537.36",
            ("TV", "webOS", None, "LG", "Web0S SmartTV", "Chrome", "Google"),
        ),
        (
            f"Mozilla/5.0 (SMART-TV; Linux; Tizen 6.0) {WEB} SamsungBrowser/3.0 TV Safari/537.36",
            ("TV", "Tizen", "6.0", "Samsung", "SMART-TV", None, None),
        ),
        (
            f"Mozilla/5.0 (PlayStation 4 5.55) {WEB}",
            ("GamesConsole", "PlayStation OS", None, "Sony", "PlayStation 4", None, None),
        ),
        ("python-httpx/0.28.1", (None,) * 7),
        ("", (None,) * 7),
        ("\x00" * 512, (None,) * 7),
    ],
)
def test_a_user_agent_describes_its_device_in_adobes_words(user_agent: str, expected: tuple[object, ...]) -> None:
    facts = user_agents.user_agent_facts(user_agent)
    keys = ("primaryHardwareType", "osName", "osVersion", "manufacturer", "model", "browserName", "browserVendor")
    assert tuple(facts.get(key) for key in keys) == expected


def test_parsed_user_agents_are_cached_and_the_cache_is_bounded() -> None:
    user_agents.user_agent_facts(DESKTOP)
    hits = user_agents.user_agent_facts.cache_info().hits
    user_agents.user_agent_facts(DESKTOP)
    after = user_agents.user_agent_facts.cache_info()
    assert after.hits == hits + 1
    assert after.maxsize is not None
    assert after.maxsize * user_agents.MAX_USER_AGENT < 1_000_000


def test_the_server_loads_the_parser_in_a_thread() -> None:
    user_agents._parser.cache_clear()
    user_agents.load_in_background().join()
    assert user_agents._parser.cache_info().currsize == 1


def test_explicit_values_precede_those_of_the_user_agent() -> None:
    facts = device_facts({"osName": "Linux", "model": "", "vendor": None}, DESKTOP)
    assert (facts["osName"], facts["browserName"], facts["vendor"], "model" in facts) == (
        "Linux",
        "Chrome",
        "Apple",
        False,
    )
    assert device_facts({"userAgent": DESKTOP}, "my-server/1.0")["osName"] == "macOS"
    assert device_facts({"userAgent": 7}, DESKTOP).get("osName") is None


def test_nothing_is_known_of_a_device_whose_information_cannot_be_decoded() -> None:
    assert device_facts(None, DESKTOP) == {}


@pytest.mark.parametrize(
    ("info", "expected"),
    [
        ({"osName": "tvOS", "primaryHardwareType": "SetTopBox"}, Platform("tvOS", "tv")),
        ({"osName": "Android", "primaryHardwareType": "Tablet"}, Platform("Android", "mobile")),
        ({"osName": "Roku"}, Platform("Roku", None)),
        ({"primaryHardwareType": "Desktop"}, Platform(None, "desktop")),
        ({"osName": "tvOS", "primaryHardwareType": "Unknown"}, Platform("tvOS", None)),
        ({}, UNIDENTIFIED),
        ({"primaryHardwareType": "Unknown"}, UNIDENTIFIED),
        ({"osName": "tv OS", "primaryHardwareType": "SetTopBox"}, UNIDENTIFIED),
        ({"osName": "tvOS", "primaryHardwareType": "Set-top box"}, UNIDENTIFIED),
        ({"osName": True}, UNIDENTIFIED),
    ],
)
def test_a_platform_is_known_by_adobes_values(info: dict[str, Any], expected: Platform) -> None:
    assert platform_of(info, "") == expected
    assert expected.is_known == (expected != UNIDENTIFIED)


async def login_hours(mock: Mock, info: str | None, user_agent: str = "", mvpd: str = "Cablevision") -> float:
    """Return the TTL of a login from a device with these headers."""
    headers = {**await mock.signed_on(), "User-Agent": user_agent}
    del headers["X-Device-Info"]
    if info is not None:
        headers["X-Device-Info"] = info
    code = (await mock.session(headers, mvpd=mvpd))["code"]
    await mock.http.post(f"/_mock/sessions/{code}/login", json={})
    profiles = (await mock.http.get(f"/api/v2/REF30/profiles/code/{code}", headers=headers)).json()["profiles"]
    return float((profiles[mvpd]["notAfter"] - profiles[mvpd]["notBefore"]) / HOUR_MS)


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("info", "user_agent", "hours"),
    [
        (None, DESKTOP, 720),
        (None, APPLE_TV, 720),
        (None, "python-httpx/0.28.1", 12),
        (encoded({}), DESKTOP, 720),
        (encoded({}), "", 12),
        (encoded({"model": "TV"}), "", 12),
        (encoded({"osName": "tvOS"}), "", 720),
        (encoded({"osName": "MyOS"}), DESKTOP, 12),
        (encoded({"osName": "tvOS", "primaryHardwareType": "Set-top box"}), "", 12),
        ("%%%", DESKTOP, 12),
    ],
)
async def test_an_unknown_platform_shortens_the_login(
    mock: Mock, info: str | None, user_agent: str, hours: float
) -> None:
    assert await login_hours(mock, info, user_agent) == hours


@pytest.mark.anyio
async def test_the_integration_sets_ttls_by_platform_and_category(tmp_path: Path) -> None:
    mock = configured(
        tmp_path,
        MINE + REF30 + '[[integrations]]\nservice_provider = "REF30"\nmvpd = "Mine"\nprofile = "10h"\n'
        'profile_by_platform = { tvOS = "90h" }\nprofile_by_category = { tv = "50h", mobile = "7h" }\n',
    )
    tv_os = {"osName": "tvOS", "primaryHardwareType": "SetTopBox"}
    assert await login_hours(mock, encoded(tv_os), mvpd="Mine") == 90
    assert await login_hours(mock, encoded({**tv_os, "osName": "Roku OS"}), mvpd="Mine") == 50
    assert await login_hours(mock, None, "Roku/DVP-14.5 (14.5.4.5934-C2)", mvpd="Mine") == 50
    assert await login_hours(mock, None, IPAD, mvpd="Mine") == 7
    assert await login_hours(mock, None, DESKTOP, mvpd="Mine") == 10
    assert await login_hours(mock, None, mvpd="Mine") == 10, "an unknown platform gets no longer TTL than usual"


@pytest.mark.anyio
async def test_the_device_of_a_session_comes_from_both_headers(mock: Mock) -> None:
    headers = {**await mock.signed_on(), "User-Agent": DESKTOP, "X-Device-Info": encoded({"browserName": "Opera"})}
    code = (await mock.session(headers))["code"]
    device = (await mock.http.get(f"/api/v2/REF30/sessions/{code}", headers=headers)).json()["device"]
    assert (device["type"], device["operatingSystem"]["name"], device["browser"]["name"]) == (
        "Desktop",
        "macOS",
        "Opera",
    )


@pytest.mark.anyio
async def test_the_type_of_a_device_is_one_of_adobes(mock: Mock) -> None:
    headers = await mock.signed_on()
    for sent in (*get_args(DeviceType), "Fridge"):
        headers["X-Device-Info"] = encoded({"primaryHardwareType": sent})
        code = (await mock.session(headers))["code"]
        device = (await mock.http.get(f"/api/v2/REF30/sessions/{code}", headers=headers)).json()["device"]
        assert device["type"] == ("Unknown" if sent == "Fridge" else sent)


@pytest.mark.anyio
async def test_the_configuration_names_the_device_of_the_user_agent(mock: Mock) -> None:
    headers = {**await mock.signed_on(), "User-Agent": DESKTOP}
    del headers["X-Device-Info"]
    answer = (await mock.http.get("/api/v2/REF30/configuration", headers=headers)).json()
    assert (answer["device"], answer["os"]) == ("Desktop", "macOS")


@pytest.mark.anyio
async def test_a_login_parses_no_user_agent_if_the_platform_is_given(mock: Mock) -> None:
    headers = {**await mock.signed_on(), "User-Agent": "an app that polls/1.0"}
    before = user_agents.user_agent_facts.cache_info()
    await mock.http.get("/api/v2/REF30/configuration", headers=headers)
    code = (await mock.session(headers, **FULL))["code"]
    await mock.http.post(f"/_mock/sessions/{code}/login", json={})
    await mock.http.get(f"/api/v2/REF30/profiles/code/{code}", headers=headers)
    assert user_agents.user_agent_facts.cache_info() == before
    await mock.http.get(f"/api/v2/REF30/sessions/{code}", headers=headers)
    assert user_agents.user_agent_facts.cache_info() != before
