"""Degraded access: lifetimes, and the order of degradation rules and other checks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.mock_server.conftest import FULL, Mock
from tests.mock_server.single_sign_on import framework_status, saml_response

pytestmark = pytest.mark.anyio
API = "/api/v2/REF30"
OF_MVPD = f"{API}/profiles/Cablevision"
MINUTE_MS = 60_000


async def profiles(mock: Mock, headers: Mapping[str, str], path: str) -> dict[str, Any]:
    answer = await mock.http.get(path, headers=headers)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()["profiles"]
    return found


def lifetime_ms(profile: Mapping[str, Any]) -> int:
    return int(profile["notAfter"] - profile["notBefore"])


async def test_a_degraded_profile_is_valid_for_a_minute_from_the_request(mock: Mock) -> None:
    headers = await mock.signed_on()
    session = await mock.session(headers)
    await mock.behave({"degradation": "AuthNAll"})
    for path in (OF_MVPD, f"{API}/profiles/code/{session['code']}"):
        mock.clock.tick(7)
        profile = (await profiles(mock, headers, path))["Cablevision"]
        assert (profile["notBefore"], lifetime_ms(profile)) == (mock.clock.now_ms(), MINUTE_MS)
    partner = await mock.http.post(
        f"{API}/profiles/sso/Apple",
        headers={**headers, **framework_status()},
        data={"SAMLResponse": saml_response()},
    )
    profile = partner.json()["profiles"]["Cablevision"]
    assert (profile["type"], lifetime_ms(profile)) == ("degraded", MINUTE_MS)


async def test_without_a_login_other_rules_and_ended_ones_leave_no_profile(mock: Mock) -> None:
    headers = await mock.signed_on()
    rule = await mock.behave({"degradation": "AuthNAll"})
    assert set(await profiles(mock, headers, OF_MVPD)) == {"Cablevision"}
    await mock.http.delete(f"/_mock/behaviours/{rule}")
    assert await profiles(mock, headers, OF_MVPD) == {}
    for other in ("AuthZAll", "AuthZNone"):
        rule = await mock.behave({"degradation": other})
        assert await profiles(mock, headers, OF_MVPD) == {}
        await mock.http.delete(f"/_mock/behaviours/{rule}")


async def test_the_list_of_all_profiles_has_neither_degraded_nor_temporary_ones(mock: Mock) -> None:
    headers = await mock.logged_in(mvpd="Dish")
    assert (await mock.decide(headers, "authorize", "a", mvpd="TempPass"))[0]["authorized"]
    await mock.behave({"degradation": "AuthNAll"}, match={"mvpd": "Cablevision"})
    assert (await profiles(mock, headers, OF_MVPD))["Cablevision"]["type"] == "degraded"
    assert (await profiles(mock, headers, f"{API}/profiles/TempPass"))["TempPass"]["type"] == "temporary"
    assert set(await profiles(mock, headers, f"{API}/profiles")) == {"Dish"}


async def test_the_checks_of_a_request_come_before_the_rules(mock: Mock) -> None:
    headers = await mock.signed_on()
    await mock.behave({"degradation": "AuthNAll"})
    await mock.http.put("/_mock/integrations/REF30/Cablevision", json={"enabled": False})
    requests: list[tuple[str, str, dict[str, Any]]] = [
        ("POST", f"{API}/sessions", {"data": FULL}),
        ("GET", OF_MVPD, {}),
        ("POST", f"{API}/decisions/authorize/Cablevision", {"json": {"resources": ["a"]}}),
        ("POST", f"{API}/decisions/preauthorize/Cablevision", {"json": {"resources": ["a"]}}),
        ("GET", f"{API}/logout/Cablevision?redirectUrl=https%3A%2F%2Fadobe.com", {}),
    ]
    for method, path, request in requests:
        answer = await mock.http.request(method, path, headers=headers, **request)
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_integration"), path
    await mock.http.put("/_mock/integrations/REF30/Cablevision", json={"enabled": True})
    del headers["AP-Device-Identifier"]
    for method, path, request in requests:
        answer = await mock.http.request(method, path, headers=headers, **request)
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_header_device_identifier"), path
    unreadable = await mock.http.post(requests[2][1], headers=await mock.signed_on(), json={"resources": []})
    assert unreadable.json()["code"] == "invalid_parameter_resources"


@pytest.mark.parametrize("rule", ["AuthNAll", "AuthZAll"])
@pytest.mark.parametrize("effect", [{"status": 503}, {"error": "internal_server_error"}])
async def test_a_rule_does_not_help_in_an_outage_of_adobe_pass(
    mock: Mock, rule: str, effect: Mapping[str, Any]
) -> None:
    headers = await mock.logged_in()
    await mock.behave({"degradation": rule})
    await mock.behave(effect)
    for method, path, request in (
        ("POST", f"{API}/sessions", {"data": FULL}),
        ("GET", OF_MVPD, {}),
        ("POST", f"{API}/decisions/authorize/Cablevision", {"json": {"resources": ["a"]}}),
        ("POST", f"{API}/decisions/preauthorize/Cablevision", {"json": {"resources": ["a"]}}),
    ):
        answer = await mock.http.request(method, path, headers=headers, **request)  # type: ignore[arg-type]  # as named
        assert answer.status_code == effect.get("status", 500), path


async def test_a_poll_of_a_code_is_one_hit_of_a_rule(mock: Mock) -> None:
    headers = await mock.signed_on()
    path = f"{API}/profiles/code/{(await mock.session(headers))['code']}"
    await mock.behave({"degradation": "AuthNAll"}, times=1)
    assert (await profiles(mock, headers, path))["Cablevision"]["type"] == "degraded"
    assert await profiles(mock, headers, path) == {}
