"""Permits that Adobe Pass caches, and the requests for which the MVPD is asked."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.mock_server.conftest import DEVICE, Mock, connected_from, device_headers

pytestmark = pytest.mark.anyio
LOGOUT = "/api/v2/REF30/logout/Cablevision?redirectUrl=https%3A%2F%2Fadobe.com"


async def authorize(
    mock: Mock, headers: Mapping[str, str], resource: str = "REF30", mvpd: str = ""
) -> dict[str, Any]:
    return (await mock.decide(headers, "authorize", resource, mvpd=mvpd or "Cablevision"))[0]


def denial(decision: Mapping[str, Any]) -> str | None:
    code: str | None = decision.get("error", {}).get("code")
    return code


OF_THE_MVPD = [
    {"deny": {}},
    {"deny": {"code": "authorization_denied_by_parental_controls"}},
    {"error": "network_connection_timeout"},
    {"error": "maximum_execution_time_exceeded"},
    {"error": "identity_not_recognized_by_mvpd"},
]
OF_ADOBE_PASS = [
    {"deny": {"code": "authenticated_profile_invalidated"}},
    {"error": "authenticated_profile_expired"},
    {"degradation": "AuthZNone"},
]


@pytest.mark.parametrize("effect", OF_THE_MVPD)
async def test_the_mvpd_does_not_show_while_a_permit_is_cached(mock: Mock, effect: dict[str, Any]) -> None:
    headers = await mock.logged_in()
    first = await authorize(mock, headers)
    key = await mock.behave(effect)
    second = await authorize(mock, headers)
    assert (second["notBefore"], second["notAfter"]) == (first["notBefore"], first["notAfter"])
    assert second["token"]["serializedToken"] != first["token"]["serializedToken"]
    assert (await mock.exchanges())[-1]["behaviours"] == [], "no hit is counted"
    assert denial(await authorize(mock, headers, "another resource")), "of each resource the MVPD is asked"
    assert (await mock.exchanges())[-1]["behaviours"] == [key]
    assert denial((await mock.decide(headers, "preauthorize", "REF30"))[0]), "a preauthorization asks the MVPD"


async def test_a_preauthorized_permit_is_not_cached(mock: Mock) -> None:
    headers = await mock.logged_in()
    assert (await mock.decide(headers, "preauthorize", "REF30"))[0]["authorized"]
    await mock.behave({"deny": {}})
    assert denial(await authorize(mock, headers)) == "authorization_denied_by_mvpd"


async def test_the_decision_states_the_times_of_its_media_token(mock: Mock) -> None:
    headers = await mock.logged_in()
    mock.clock.tick(0.345)
    token = (await authorize(mock, headers))["token"]
    answer = await mock.http.post("/_mock/media-tokens/verify", json={"token": token["serializedToken"]})
    said = answer.json()["token"]
    assert (said["issued"], said["ttl"]) == (token["notBefore"], 420_000)
    assert token["notAfter"] == token["notBefore"] + 420_000


async def test_after_the_authorization_ttl_the_mvpd_is_asked_again(mock: Mock) -> None:
    await mock.behave({"ttl": {"decision": "600s"}})
    headers = await mock.logged_in()
    await authorize(mock, headers)
    await mock.behave({"deny": {}})
    mock.clock.tick(599)
    assert not denial(await authorize(mock, headers))
    mock.clock.tick(1)
    assert denial(await authorize(mock, headers)) == "authorization_denied_by_mvpd"


@pytest.mark.parametrize("effect", OF_ADOBE_PASS)
async def test_refusals_of_adobe_pass_reach_a_cached_permit(mock: Mock, effect: dict[str, Any]) -> None:
    headers = await mock.logged_in()
    await authorize(mock, headers)
    await mock.behave(effect)
    assert denial(await authorize(mock, headers))


@pytest.mark.parametrize("code", ["internal_server_error", "too_many_resources"])
async def test_errors_of_the_whole_request_reach_a_cached_permit(mock: Mock, code: str) -> None:
    headers = await mock.logged_in()
    await authorize(mock, headers)
    await mock.behave({"error": code})
    path = "/api/v2/REF30/decisions/authorize/Cablevision"
    answer = await mock.http.post(path, headers=headers, json={"resources": ["REF30"]})
    assert answer.json()["code"] == code


async def test_a_permit_at_home_is_good_away_from_home(mock: Mock) -> None:
    headers = {**await mock.signed_on(), **connected_from("192.0.2.17")}
    session = await mock.session(headers, mvpd="Spectrum")
    form = {"requestor_id": "REF30", "code": session["code"]}
    assert (await mock.http.get("/mvpd/Spectrum/login", params=form)).status_code == 302
    assert (await authorize(mock, headers, mvpd="Spectrum"))["authorized"]
    away = {**headers, **connected_from("203.0.113.5")}
    assert (await authorize(mock, away, mvpd="Spectrum"))["authorized"]
    assert denial(await authorize(mock, away, "news", mvpd="Spectrum")) == "authorization_denied_by_hba_policies"


async def test_permits_belong_to_a_device(mock: Mock) -> None:
    headers = await mock.logged_in()
    await authorize(mock, headers)
    other = headers | device_headers("another device")
    code = (await mock.session(other))["code"]
    await mock.http.post(f"/_mock/sessions/{code}/login", json={})
    await mock.behave({"deny": {}})
    assert denial(await authorize(mock, other))
    assert not denial(await authorize(mock, headers))


async def logged_in_again(mock: Mock, headers: Mapping[str, str], username: str = "viewer") -> None:
    code = (await mock.session(headers))["code"]
    answer = await mock.http.post(f"/_mock/sessions/{code}/login", json={"username": username})
    assert answer.status_code == 200


async def log_out(mock: Mock, headers: Mapping[str, str]) -> None:
    assert (await mock.http.get(LOGOUT, headers=headers)).status_code == 200


async def ended_by_the_mvpd(mock: Mock, _: Mapping[str, str]) -> None:
    await mock.http.post("/_mock/profiles/end", json={"device": DEVICE})


async def expired(mock: Mock, _: Mapping[str, str]) -> None:
    mock.clock.tick(600)


@pytest.mark.parametrize("end", [log_out, ended_by_the_mvpd, expired])
async def test_the_end_of_a_profile_ends_its_permits(mock: Mock, end: Any) -> None:  # noqa: ANN401 - any of the above
    await mock.behave({"ttl": {"profile": "600s"}})
    headers = await mock.logged_in()
    assert (await authorize(mock, headers))["authorized"]
    await end(mock, headers)
    await mock.behave({"deny": {}})
    assert denial(await authorize(mock, headers))
    await logged_in_again(mock, headers)
    assert denial(await authorize(mock, headers)) == "authorization_denied_by_mvpd"


async def test_another_viewer_has_no_part_in_a_permit(mock: Mock) -> None:
    headers = await mock.signed_on()
    code = (await mock.session(headers))["code"]
    await mock.http.post(f"/_mock/sessions/{code}/login", json={"username": "viewer"})
    assert (await authorize(mock, headers, "resource2"))["authorized"]
    await mock.http.post(f"/_mock/sessions/{code}/login", json={"username": "kids"})
    assert denial(await authorize(mock, headers, "resource2")) == "authorization_denied_by_mvpd"


async def test_concurrent_first_requests_have_one_permit(mock: Mock) -> None:
    headers = await mock.logged_in()
    found = await asyncio.gather(*(authorize(mock, headers) for _ in range(5)))
    assert len({(one["notBefore"], one["notAfter"]) for one in found}) == 1
    assert len({one["token"]["serializedToken"] for one in found}) == 5


async def test_a_resource_named_twice_has_one_decision(mock: Mock) -> None:
    headers = await mock.logged_in()
    assert [d["resource"] for d in await mock.decide(headers, "authorize", "a", "a")] == ["a"]
    assert [d["resource"] for d in await mock.decide(headers, "preauthorize", *"abacdaeb")] == [*"abcde"]


async def test_a_preauthorized_denial_has_the_details_of_the_mvpd(mock: Mock) -> None:
    denied = (await mock.decide(await mock.logged_in(), "preauthorize", "resource3"))[0]
    assert denied["error"]["details"] == 'Your subscription package does not include the "Live" channel'


async def test_the_session_guid_identifies_the_user(mock: Mock) -> None:
    async def guid(device: str, username: str) -> str:
        headers = await mock.logged_in(device, username=username)
        token = (await authorize(mock, headers))["token"]["serializedToken"]
        verified = await mock.http.post("/_mock/media-tokens/verify", json={"token": token})
        return str(verified.json()["token"]["session_guid"])

    assert await guid("one", "viewer") == await guid("two", "viewer") != await guid("one", "kids")


SLOW = {"mvpd_latency": "3s"}


async def took_ms(mock: Mock) -> int:
    return round((await mock.exchanges())[-1]["duration_ms"])


async def test_latency_of_the_mvpd_counts_where_the_mvpd_is_asked(mock: Mock) -> None:
    headers = await mock.logged_in()
    await authorize(mock, headers)
    await mock.behave(SLOW, match={"mvpd": "Cablevision"})
    asked = {"REF30": 0, "news": 3000}
    for resource, expected in asked.items():
        await authorize(mock, headers, resource)
        assert await took_ms(mock) == expected
    await mock.decide(headers, "preauthorize", "a", "b")
    assert await took_ms(mock) == 3000, "one question about all resources"
    session = await mock.session(headers | device_headers("new"))
    assert await took_ms(mock) == 0
    for path in ("profiles", "profiles/Cablevision", f"profiles/code/{session['code']}", "configuration"):
        await mock.http.get(f"/api/v2/REF30/{path}", headers=headers)
        assert await took_ms(mock) == 0, path
    saml = await mock.http.get(session["url"])
    page = await mock.http.get(saml.headers["location"])
    assert await took_ms(mock) == 0, "a redirect of Adobe Pass"
    login = page.headers["location"]
    await mock.http.get(login)
    assert await took_ms(mock) == 3000
    form = dict(httpx.QueryParams(urlsplit(login).query)) | {"username": "viewer", "password": "viewer"}
    await mock.http.post("/mvpd/Cablevision/login", data=form)
    assert await took_ms(mock) == 3000
    out = await mock.http.get(LOGOUT, headers=headers)
    assert await took_ms(mock) == 0
    at_adobe = await mock.http.get(out.json()["logouts"]["Cablevision"]["url"])
    assert await took_ms(mock) == 0, "a redirect of Adobe Pass"
    await mock.http.get(at_adobe.headers["location"])
    assert await took_ms(mock) == 3000


async def test_temppass_and_degradation_do_not_ask_the_mvpd(mock: Mock) -> None:
    headers = await mock.logged_in()
    for effect in (SLOW, {"deny": {}}, {"error": "network_received_error"}):
        await mock.behave(effect)
    for kind in ("preauthorize", "authorize"):
        assert (await mock.decide(headers, kind, "REF30", mvpd="TempPass"))[0]["authorized"]
        assert await took_ms(mock) == 0
    await mock.behave({"degradation": "AuthZAll"})
    assert (await authorize(mock, headers))["authorized"]
    assert await took_ms(mock) == 0


async def test_the_preset_of_an_outage_leaves_cached_permits_alone(mock: Mock) -> None:
    headers = await mock.logged_in()
    await authorize(mock, headers)
    await mock.http.post("/_mock/behaviours", json={"preset": "mvpd-down"})
    assert (await authorize(mock, headers))["authorized"]
    assert await took_ms(mock) == 0
    assert denial(await authorize(mock, headers, "news")) == "network_connection_timeout"
    assert await took_ms(mock) == 10_000
