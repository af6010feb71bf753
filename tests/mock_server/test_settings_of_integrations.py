"""Settings that differ by MVPD, integration and platform: TTLs, endpoints, home-based authentication."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest

from pass_harness.mock_server.config.loading import load_settings
from pass_harness.mock_server.formats.usage_error import ConfigError
from tests.mock_server.conftest import FULL, Mock, connected_from, device_headers, device_info
from tests.mock_server.test_access import MINE, REF30, configured

pytestmark = pytest.mark.anyio
INTEGRATION = '[[integrations]]\nservice_provider = "REF30"\nmvpd = "Mine"\n'
HOUR_MS = 3_600_000
LOGOUT = "/api/v2/REF30/logout/Mine?redirectUrl=https%3A%2F%2Fadobe.com"


async def hours(mock: Mock, headers: Mapping[str, str], resource: str, **facts: object) -> float:
    sent = {**headers, "X-Device-Info": device_info(**facts)}
    decision = (await mock.decide(sent, "authorize", resource, mvpd="Mine"))[0]
    return float((decision["notAfter"] - decision["notBefore"]) / HOUR_MS)


async def test_the_authorization_ttl_differs_by_platform_and_category(tmp_path: Path) -> None:
    mock = configured(
        tmp_path,
        MINE + REF30 + INTEGRATION + 'decision = "6h"\ndecision_by_platform = { Android = "12h" }\n'
        'decision_by_category = { tv = "48h", desktop = "3h", unidentified = "1h" }\n',
    )
    headers = await mock.logged_in(mvpd="Mine")
    assert await hours(mock, headers, "a") == 48
    assert await hours(mock, headers, "b", osName="Android") == 12, "a platform precedes its category"
    assert await hours(mock, headers, "c", osName="Windows", primaryHardwareType="Desktop") == 3
    assert await hours(mock, headers, "d", osName="iOS", primaryHardwareType="MobilePhone") == 6
    assert await hours(mock, headers, "e", osName="MyOS") == 1
    await mock.behave({"ttl": {"decision": "2h"}})
    assert await hours(mock, headers, "f") == 2, "a behaviour precedes the catalogue"


async def test_unidentified_devices_have_a_login_ttl_of_their_own(tmp_path: Path) -> None:
    mock = configured(
        tmp_path, MINE + REF30 + INTEGRATION + 'profile = "9d"\nprofile_by_category = { unidentified = "5d" }\n'
    )
    for info, days in ((device_info(osName="MyOS"), 5), (device_info(), 9)):
        headers = {**await mock.signed_on(), "X-Device-Info": info}
        code = (await mock.session(headers, mvpd="Mine"))["code"]
        await mock.http.post(f"/_mock/sessions/{code}/login", json={})
        found = (await mock.http.get("/api/v2/REF30/profiles/Mine", headers=headers)).json()["profiles"]["Mine"]
        assert found["notAfter"] - found["notBefore"] == days * 24 * HOUR_MS


@pytest.mark.parametrize("place", ["mvpd", "integration"])
async def test_without_an_endpoint_of_the_mvpd_decisions_are_dummies(tmp_path: Path, place: str) -> None:
    switches = "authorization_endpoint = false\npreauthorization_endpoint = false\n"
    mvpd, integration = (switches, "") if place == "mvpd" else ("", INTEGRATION + switches)
    mock = configured(tmp_path, MINE + mvpd + REF30 + integration)
    headers = await mock.signed_on()
    for kind in ("preauthorize", "authorize"):
        denied = (await mock.decide(headers, kind, "a", mvpd="Mine"))[0]
        assert denied["error"]["code"] == "authenticated_profile_missing"
    code = (await mock.session(headers, mvpd="Mine"))["code"]
    await mock.http.post(f"/_mock/sessions/{code}/login", json={"username": "lapsed"})
    await mock.http.post("/_mock/behaviours", json={"preset": "mvpd-down"})
    for kind in ("preauthorize", "authorize"):
        permit = (await mock.decide(headers, kind, "resource3", mvpd="Mine"))[0]
        assert (permit["source"], permit["authorized"], "token" in permit) == ("dummy", True, kind == "authorize")
    first = (await mock.decide(headers, "authorize", "resource3", mvpd="Mine"))[0]
    assert first["notAfter"] - first["notBefore"] == 24 * HOUR_MS
    mock.clock.tick(60)
    assert (await mock.decide(headers, "authorize", "resource3", mvpd="Mine"))[0]["notAfter"] == first["notAfter"]
    await mock.behave({"deny": {"code": "authenticated_profile_invalidated"}})
    for kind in ("preauthorize", "authorize"):
        denied = (await mock.decide(headers, kind, "resource3", mvpd="Mine"))[0]
        assert (denied["source"], denied["error"]["code"]) == ("dummy", "authenticated_profile_invalidated")


@pytest.mark.parametrize(("of_integration", "action"), [("", "complete"), ("logout_endpoint = true\n", "logout")])
async def test_an_integration_chooses_the_logout_endpoint(tmp_path: Path, of_integration: str, action: str) -> None:
    mock = configured(tmp_path, MINE + "logout_endpoint = false\n" + REF30 + INTEGRATION + of_integration)
    out = (await mock.http.get(LOGOUT, headers=await mock.logged_in(mvpd="Mine"))).json()["logouts"]["Mine"]
    assert out["actionName"] == action


async def opened(mock: Mock, mvpd: str = "Mine", **facts: object) -> httpx.Response:
    """Open the login page of a new device at home; return the page, or the redirect to the app."""
    home = connected_from("192.0.2.17")
    if facts:
        home["X-Device-Info"] = device_info(**facts)
    return await mock.browse((await mock.session({**await mock.signed_on(), **home}, mvpd=mvpd))["url"])


async def test_home_based_authentication_differs_by_integration_and_platform(tmp_path: Path) -> None:
    mock = configured(
        tmp_path,
        MINE + "home_based_authentication = true\n" + REF30 + INTEGRATION + "home_based_authentication = false\n"
        "home_based_by_platform = { Android = true }\nhome_based_by_category = { mobile = true, tv = false }\n",
    )
    phone = {"osName": "iOS", "primaryHardwareType": "MobilePhone"}
    assert (await opened(mock)).status_code == 200, "credentials at home too"
    assert (await opened(mock, osName="Android")).status_code == 302
    assert (await opened(mock, **phone)).status_code == 302
    assert (await opened(mock, osName="Windows", primaryHardwareType="Desktop")).status_code == 200
    assert (await opened(mock, osName="MyOS")).status_code == 200


async def test_an_integration_switches_home_based_authentication_on(tmp_path: Path) -> None:
    mock = configured(tmp_path, MINE + REF30 + INTEGRATION + "home_based_authentication = true\n")
    assert (await opened(mock)).headers["location"] == FULL["redirectUrl"]


async def test_a_control_call_switches_home_based_authentication(mock: Mock) -> None:
    switch = "/_mock/integrations/REF30/Dish"
    off = await mock.http.put(switch, json={"home_based_authentication": False})
    assert off.json() == {
        "service_provider": "REF30",
        "mvpd": "Dish",
        "enabled": True,
        "home_based_authentication": False,
    }
    assert (await opened(mock, "Dish")).status_code == 200
    assert (await opened(mock, "Cablevision")).status_code == 302, "of another integration"
    await mock.http.put(switch, json={"enabled": False})
    on = await mock.http.put(switch, json={"home_based_authentication": True})
    assert (on.json()["enabled"], on.json()["home_based_authentication"]) == (False, True), "each keeps its value"
    await mock.http.put(switch, json={"enabled": True})
    assert (await opened(mock, "Dish")).status_code == 302
    listed = (await mock.http.get("/_mock/catalogue")).json()["integrations"]
    assert {one["mvpd"]: one["home_based_authentication"] for one in listed}["AdobeShibboleth"] is False
    nothing = await mock.http.put(switch, json={})
    assert (nothing.status_code, "nothing to set" in nothing.json()["error"]) == (400, True)


@pytest.mark.parametrize(
    ("facts", "status"),
    [
        ({"connectionIp": "192.0.2.17", "connectionPort": "50000"}, 302),
        ({"connectionIp": "192.0.2.17", "connectionPort": 50000}, 302),
        ({"connectionIp": "::ffff:192.0.2.17", "connectionPort": "1"}, 302),
        ({"connectionIp": "192.0.2.17"}, 200),
        ({"connectionPort": "50000"}, 200),
        ({"connectionIp": "192.0.2.17", "connectionPort": "0"}, 200),
        ({"connectionIp": "192.0.2.17", "connectionPort": "65536"}, 200),
        ({"connectionIp": "192.0.2.17", "connectionPort": "\u0661"}, 200),
        ({"connectionIp": "203.0.113.5", "connectionPort": "50000"}, 200),
        ({"connectionIp": "home", "connectionPort": "50000"}, 200),
    ],
)
async def test_spectrum_needs_address_and_port_of_the_connection(
    mock: Mock, facts: Mapping[str, object], status: int
) -> None:
    assert (await opened(mock, "Spectrum", **facts)).status_code == status


async def test_spectrum_compares_the_home_with_the_connection_of_later_requests(mock: Mock) -> None:
    headers = {**await mock.signed_on(), **connected_from("192.0.2.17")}
    await mock.browse((await mock.session(headers, mvpd="Spectrum"))["url"])
    away = {**headers, "X-Forwarded-For": "203.0.113.5"}
    assert (await mock.decide(away, "authorize", "a", mvpd="Spectrum"))[0]["authorized"], "connectionIp counts"
    unnamed = {**away, **device_headers()}
    denied = (await mock.decide(unnamed, "authorize", "b", mvpd="Spectrum"))[0]
    assert denied["error"]["code"] == "authorization_denied_by_hba_policies"


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        (INTEGRATION + 'decision_by_platform = { tvos = "1h" }', "11:26", 'no osName "tvos"; did you mean "tvOS"?'),
        (INTEGRATION + "home_based_by_platform = { FireTV = true }", "11:28", 'has no osName "FireTV"'),
        (INTEGRATION + 'profile_by_platform = { "*" = "1d" }', "11:25", 'has no osName "*"'),
        (INTEGRATION + 'decision_by_category = { tvs = "1h" }', "11:26", 'did you mean "tv"?'),
        (INTEGRATION + "home_based_by_category = { tv = 1 }", "11:28", "home_based_by_category.tv: expected bool"),
        (INTEGRATION + "encrypted_metadata = ['zip', 'zipp']", "11:30", "value 'zipp'; did you mean \"zip\"?"),
        ("[[mvpds]]\nid = 'a'\ndisplay_name = 'A'\nmetadata = ['hba']", "11:13", "there are: "),
        (
            "[[mvpds]]\nid = 'a'\ndisplay_name = 'A'\nuser_ids = 'x'",
            "11:1",
            "mvpds.user_ids: invalid enum value 'x'; there are: persistent, transient",
        ),
        ("[[mvpds]]\nid = 'a'\ndisplay_name = 'A'\nbrowser_session = 5", "11:1", "5 is not a duration"),
        ("[[mvpds]]\nid = 'a'\ndisplay_name = 'A'\nhome_address_from = 'xff'", "11:1", "home_address_from"),
        (
            "[[subscribers]]\nusername = 'a'\npassword = 'a'\nhousehold_id = '1o7241p'",
            "11:1",
            "the household '1o7241p' has the heads viewer and a; write head_of_household = false for all but one",
        ),
        (
            "[[subscribers]]\nusername = 'a'\npassword = 'a'\nhead_of_household = false",
            "11:1",
            "needs the household_id",
        ),
    ],
)
def test_a_mistake_in_these_settings_has_a_place_and_a_remedy(
    tmp_path: Path, text: str, place: str, words: str
) -> None:
    file = tmp_path / "mock.toml"
    file.write_text(MINE + REF30 + text)
    with pytest.raises(ConfigError) as caught:
        load_settings(file)
    assert words in str(caught.value)
    assert str(caught.value).startswith(f"{file}:{place}: ")


async def test_names_logos_and_limits_differ_by_platform(tmp_path: Path) -> None:
    platforms = (
        'platforms = { Android = { display_name = "Mine TV", preauthorize_limit = 2 }, '
        '"*" = { logo_url = "https://mine.example/tv.png", auth_per_aggregator = true } }\n'
    )
    mvpd = MINE + 'logo_url = "https://mine.example/logo.png"\nplatforms = { Android = { display_name = "M" } }\n'
    mock = configured(tmp_path, mvpd + REF30 + INTEGRATION + "preauthorize_limit = 3\n" + platforms)
    headers = await mock.signed_on()
    shown, limits = {}, {}
    for os_name in ("Android", "tvOS", "webOS"):
        headers["X-Device-Info"] = device_info(osName=os_name)
        configuration = (await mock.http.get("/api/v2/REF30/configuration", headers=headers)).json()
        (mine,) = (entry for entry in configuration["requestor"]["mvpds"] if entry["id"] == "Mine")
        assert (mine["logoUrl"], mine["authPerAggregator"]) == ("https://mine.example/tv.png", True)
        shown[os_name] = mine["displayName"]
        path, resources = "/api/v2/REF30/decisions/preauthorize/Mine", [*"abcd"]
        while (await mock.http.post(path, headers=headers, json={"resources": resources})).status_code == 403:
            resources.pop()
        limits[os_name] = len(resources)
    assert shown == {"Android": "Mine TV", "tvOS": "Mine", "webOS": "Mine"}
    assert limits == {"Android": 2, "tvOS": 3, "webOS": 3}
