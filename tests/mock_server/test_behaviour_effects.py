"""Every effect by file and by control call, and every match field against the whole request."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from pass_harness.mock_server.behaviours.effects import Effect
from pass_harness.mock_server.config.loading import load_settings
from pass_harness.mock_server.config.settings import Settings
from tests.mock_server.conftest import DEVICE, FULL, Mock

pytestmark = pytest.mark.anyio
PROFILES = "/api/v2/REF30/profiles"
AUTHORIZE = "/api/v2/REF30/decisions/authorize/Cablevision"
Headers = Mapping[str, str]


def plain(mock: Mock) -> httpx.AsyncClient:
    """Return a client whose answers may differ from the OpenAPI document."""
    return httpx.AsyncClient(transport=httpx.ASGITransport(mock.app), base_url="http://mock")


async def profiles(mock: Mock, headers: Headers) -> httpx.Response:
    return await plain(mock).get(PROFILES, headers=headers)


async def late(mock: Mock, headers: Headers) -> bool:
    before = mock.clock.now_ms()
    await profiles(mock, headers)
    return mock.clock.now_ms() - before == 1500


async def slow_mvpd(mock: Mock, headers: Headers) -> bool:
    before = mock.clock.now_ms()
    await mock.decide(headers, "preauthorize", "REF30")
    return mock.clock.now_ms() - before == 1500


async def has_status(mock: Mock, headers: Headers) -> bool:
    return (await profiles(mock, headers)).status_code == 507


async def has_error(mock: Mock, headers: Headers) -> bool:
    return bool((await profiles(mock, headers)).json()["code"] == "network_received_error")


async def denied(mock: Mock, headers: Headers) -> bool:
    error = (await mock.decide(headers, "preauthorize", "REF30"))[0]["error"]
    return (error["code"], error["details"]) == ("preauthorization_denied_by_mvpd", "no")


async def degraded(mock: Mock, headers: Headers) -> bool:
    return bool((await mock.decide(headers, "authorize", "REF30"))[0]["source"] == "degradation")


async def shorter(mock: Mock, headers: Headers) -> bool:
    session = await mock.session(headers, mvpd="Dish")
    return int(session["notAfter"]) - int(session["notBefore"]) == 9000


async def throttled(mock: Mock, headers: Headers) -> bool:
    return [(await profiles(mock, headers)).status_code for _ in range(2)] == [200, 429]


async def rejected(mock: Mock, headers: Headers) -> bool:
    return (await profiles(mock, headers)).status_code == 401


async def flawed(mock: Mock, headers: Headers) -> bool:
    token = (await mock.decide(headers, "authorize", "REF30"))[0]["token"]["serializedToken"]
    verified = await mock.http.post("/_mock/media-tokens/verify", json={"token": token, "resource": "REF30"})
    return bool(verified.json()["status"] == "TOKEN_EXPIRED")


async def at_partner(mock: Mock, headers: Headers) -> bool:
    path, query = "/api/v2/REF30/logout/Cablevision", {"redirectUrl": "https://adobe.com"}
    entry = (await plain(mock).get(path, params=query, headers=headers)).json()["logouts"]["Cablevision"]
    return bool((entry["actionName"], entry["actionType"]) == ("partner_logout", "partner_interactive"))


async def broken(mock: Mock, headers: Headers) -> bool:
    with pytest.raises(AssertionError):  # httpx's transport received no answer
        await profiles(mock, headers)
    return bool((await mock.exchanges())[-1]["status"] == 0)


async def extended(mock: Mock, headers: Headers) -> bool:
    return "unknownToDate" in (await profiles(mock, headers)).json()


EFFECTS: dict[str, tuple[object, Callable[[Mock, Headers], Awaitable[bool]]]] = {
    "latency": ("1.5s", late),
    "mvpd_latency": ("1.5s", slow_mvpd),
    "status": (507, has_status),
    "error": ("network_received_error", has_error),
    "deny": ({"details": "no"}, denied),
    "degradation": ("AuthZAll", degraded),
    "ttl": ({"session": "9s"}, shorter),
    "throttle": ({"rate": 0.01, "burst": 0}, throttled),
    "reject_token": (True, rejected),
    "media_token": ("expired", flawed),
    "logout": ("partner_logout", at_partner),
    "connection": ("reset", broken),
    "body": ("unknown_fields", extended),
}


def test_every_effect_has_a_case() -> None:
    assert set(EFFECTS) == set(Effect.__struct_fields__)


def as_toml(value: object) -> str:
    """Return a value as TOML on one line."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {as_toml(member)}" for key, member in value.items()) + " }"
    return msgspec.json.encode(value).decode()


@pytest.mark.parametrize("kind", EFFECTS)
async def test_an_effect_works_by_file_and_by_control_call(kind: str, tmp_path: Path) -> None:
    value, takes_effect = EFFECTS[kind]
    match = {"service_provider": "REF*", "device": DEVICE}
    called = Mock(Settings(throttle=None))
    headers = await called.logged_in()
    assert not await _takes_effect(takes_effect, called, headers)
    await called.behave({kind: value}, match=match)
    assert await takes_effect(called, headers)
    file = tmp_path / "mock.toml"
    file.write_text(
        f"throttle = false\n[[behaviours]]\neffect = {as_toml({kind: value})}\nmatch = {as_toml(match)}\n"
    )
    configured = Mock(load_settings(file))
    assert await takes_effect(configured, await _logged_in_before(configured))
    for mock in (called, configured):
        listed = (await mock.http.get("/_mock/behaviours")).json()["behaviours"]
        assert [(b["effect"], b["match"]) for b in listed] == [({kind: value}, match)]
        assert listed[0]["hits"] > 0


async def _takes_effect(probe: Callable[[Mock, Headers], Awaitable[bool]], mock: Mock, headers: Headers) -> bool:
    try:
        return await probe(mock, headers)
    except (KeyError, pytest.fail.Exception):
        return False


async def _logged_in_before(mock: Mock) -> dict[str, str]:
    """Return the headers of a login before the configured behaviour applied."""
    await mock.http.put("/_mock/behaviours/b1", json={"enabled": False})
    headers = await mock.logged_in()
    await mock.http.put("/_mock/behaviours/b1", json={"enabled": True})
    return headers


FIELDS = {
    "endpoint": ("decisions.a*", "decisions.p*"),
    "service_provider": ("REF*", "apasstest1"),
    "mvpd": ("Cable?ision", "Spectrum"),
    "ip": ("203.0.113.*", "203.0.114.*"),
    "device": ("ba23d141-*", "other-*"),
    "resource": ("*port", "news"),
    "client_id": ("*", "nobody"),
}


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("effect", [{"latency": "3s"}, {"status": 503}, {"throttle": {"rate": 1, "burst": 0}}])
async def test_every_match_field_matches_the_whole_request(mock: Mock, field: str, effect: dict[str, Any]) -> None:
    headers = {**await mock.logged_in(), "X-Forwarded-For": "203.0.113.9"}
    right, wrong = FIELDS[field]
    keys = [await mock.behave(effect, match={field: pattern}) for pattern in (wrong, right)]
    await mock.http.post(AUTHORIZE, headers=headers, json={"resources": ["sport"]})
    assert (await mock.exchanges())[-1]["behaviours"] == keys[1:]
    hits = {b["id"]: b["hits"] for b in (await mock.http.get("/_mock/behaviours")).json()["behaviours"]}
    assert hits == {keys[0]: 0, keys[1]: 1}


async def asked_by_form(mock: Mock, headers: Headers) -> None:
    await mock.http.post("/api/v2/REF30/sessions", headers=headers, data={**FULL, "mvpd": "Dish"})


async def asked_in_the_query(mock: Mock, headers: Headers) -> None:
    query = {"requestor_id": "REF30", "mvpd_id": "TempPass_TEST40", "device_id": DEVICE}
    await mock.http.delete("/reset-tempass/v3/reset", headers=headers, params=query)


async def asked_by_a_browser(mock: Mock, headers: Headers) -> None:
    code = (await mock.session(headers, mvpd="Dish"))["code"]
    login = {"requestor_id": "REF30", "code": code, "username": "viewer", "password": "viewer"}
    await mock.http.post("/mvpd/Dish/login", data=login)


async def asked_for_a_token(mock: Mock, headers: Headers) -> None:
    await mock.token({"client_id": mock.http.headers["x-client"], "client_secret": mock.http.headers["x-secret"]})


@pytest.mark.parametrize(
    ("ask", "match"),
    [
        (asked_by_form, {"endpoint": "sessions.create", "mvpd": "Dish"}),
        (asked_in_the_query, {"endpoint": "temppass.reset", "mvpd": "TempPass_*", "service_provider": "REF30"}),
        (asked_in_the_query, {"endpoint": "temppass.reset", "device": DEVICE}),
        (asked_by_a_browser, {"endpoint": "browser.login", "mvpd": "Dish", "device": DEVICE, "client_id": "*"}),
        (asked_for_a_token, {"endpoint": "dcr.token", "client_id": "*-*"}),
    ],
)
async def test_parameters_are_matched_before_the_endpoint_parses_them(
    mock: Mock, ask: Callable[[Mock, Headers], Awaitable[None]], match: dict[str, str]
) -> None:
    headers = await mock.signed_on()
    credentials = await mock.register()
    mock.http.headers.update({"x-client": credentials["client_id"], "x-secret": credentials["client_secret"]})
    key = await mock.behave({"latency": "2s"}, match=match)
    await ask(mock, headers)
    last = (await mock.exchanges())[-1]
    assert (last["behaviours"], last["duration_ms"]) == ([key], 2000)


@pytest.mark.parametrize("body", [b"", b"\xff", b"{", b'{"resources": 5}', b'{"resources": [5]}', b"a=1&a=2"])
async def test_malformed_parameters_are_left_to_the_endpoint(mock: Mock, body: bytes) -> None:
    headers = await mock.logged_in()
    await mock.behave({"status": 503}, match={"resource": "*", "mvpd": "*"})
    for path in (AUTHORIZE, "/api/v2/REF30/sessions"):
        answer = await mock.http.post(path, headers=headers, content=body)
        assert answer.status_code in {200, 400}
