"""Scope and lifetimes of profiles and decisions, and sessions that a second screen resumes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.mock_server.conftest import FULL, Mock
from tests.mock_server.test_access import MINE, REF30, configured

pytestmark = pytest.mark.anyio
API = "/api/v2/REF30"
HOUR_MS = 3_600_000
WITHOUT_MVPD = {name: value for name, value in FULL.items() if name != "mvpd"}


async def profiles(mock: Mock, headers: dict[str, str], path: str) -> dict[str, Any]:
    answer = await mock.http.get(path, headers=headers)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()["profiles"]
    return found


async def test_a_profile_belongs_to_the_service_provider_of_the_login(mock: Mock) -> None:
    headers = await mock.logged_in()
    assert set(await profiles(mock, headers, f"{API}/profiles")) == {"Cablevision"}
    for path in ("profiles", "profiles/Cablevision"):
        assert await profiles(mock, headers, f"/api/v2/apasstest1/{path}") == {}
    path = "/api/v2/apasstest1/decisions/authorize/Cablevision"
    answer = await mock.http.post(path, headers=headers, json={"resources": ["a"]})
    assert answer.json()["decisions"][0]["error"]["code"] == "authenticated_profile_missing"
    session = await mock.http.post("/api/v2/apasstest1/sessions", headers=headers, data=FULL)
    assert session.json()["actionName"] == "authenticate"


async def test_the_default_ttls_are_usual_ones(mock: Mock) -> None:
    headers = await mock.logged_in()
    profile = (await profiles(mock, headers, f"{API}/profiles"))["Cablevision"]
    assert 6 * HOUR_MS <= profile["notAfter"] - profile["notBefore"] <= 90 * 24 * HOUR_MS
    permit = (await mock.decide(headers, "authorize", "a"))[0]
    assert permit["notAfter"] - permit["notBefore"] == 24 * HOUR_MS


@pytest.mark.parametrize(("ttl", "hours"), [("6h", 6), ("90d", 90 * 24)])
async def test_an_integration_may_have_any_usual_authentication_ttl(tmp_path: Path, ttl: str, hours: int) -> None:
    integration = f'[[integrations]]\nservice_provider = "REF30"\nmvpd = "Mine"\nprofile = "{ttl}"\n'
    mock = configured(tmp_path, MINE + REF30 + integration)
    profile = (await profiles(mock, await mock.logged_in(mvpd="Mine"), f"{API}/profiles"))["Mine"]
    assert profile["notAfter"] - profile["notBefore"] == hours * HOUR_MS


async def test_a_viewer_may_log_in_and_be_denied_every_resource(mock: Mock) -> None:
    headers = await mock.logged_in(username="lapsed")
    assert (await profiles(mock, headers, f"{API}/profiles"))["Cablevision"]["type"] == "regular"
    for kind, resources in (("preauthorize", ("REF30", "channel-1", "a")), ("authorize", ("channel-1",))):
        codes = [one["error"]["code"] for one in await mock.decide(headers, kind, *resources)]
        wanted = "preauthorization_denied_by_mvpd" if kind == "preauthorize" else "authorization_denied_by_mvpd"
        assert codes == [wanted] * len(resources)


async def test_preauthorize_refuses_a_disabled_integration(mock: Mock) -> None:
    headers = await mock.logged_in()
    await mock.http.put("/_mock/integrations/REF30/Cablevision", json={"enabled": False})
    path = f"{API}/decisions/preauthorize/Cablevision"
    answer = await mock.http.post(path, headers=headers, json={"resources": ["a"]})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_integration")


async def started(mock: Mock, headers: dict[str, str]) -> dict[str, Any]:
    """Return the answer to a new session without an MVPD."""
    session: dict[str, Any] = (await mock.http.post(f"{API}/sessions", headers=headers, data=WITHOUT_MVPD)).json()
    assert session["actionName"] == "resume"
    return session


async def test_a_resumed_session_keeps_its_session_id_and_code(mock: Mock) -> None:
    headers = await mock.signed_on()
    session = await started(mock, headers)
    resumed = (await mock.http.post(session["url"], headers=headers, data={"mvpd": "Cablevision"})).json()
    assert resumed["actionName"] == "authenticate"
    for name in ("sessionId", "code", "notBefore", "notAfter"):
        assert resumed[name] == session[name], name


async def test_after_a_resume_found_a_profile_the_poll_of_the_code_returns_it(mock: Mock) -> None:
    headers = await mock.logged_in()
    session = await started(mock, headers)
    poll = f"{API}/profiles/code/{session['code']}"
    assert await profiles(mock, headers, poll) == {}
    resumed = (await mock.http.post(session["url"], headers=headers, data={"mvpd": "Cablevision"})).json()
    assert (resumed["actionName"], resumed["reasonType"]) == ("authorize", "authenticated")
    polled = await profiles(mock, headers, poll)
    assert polled == await profiles(mock, headers, f"{API}/profiles")
    assert polled["Cablevision"]["type"] == "regular"


async def test_resume_refuses_a_disabled_integration(mock: Mock) -> None:
    headers = await mock.signed_on()
    session = await started(mock, headers)
    await mock.http.put("/_mock/integrations/REF30/Cablevision", json={"enabled": False})
    answer = await mock.http.post(session["url"], headers=headers, data={"mvpd": "Cablevision"})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_integration")


async def test_a_login_that_another_application_resumed_belongs_to_the_first(mock: Mock) -> None:
    primary, secondary = await mock.signed_on(), await mock.signed_on("a phone")
    session = await started(mock, primary)
    known = await mock.http.get(f"{API}/sessions/{session['code']}", headers=secondary)
    assert known.json()["missingParameters"] == ["mvpd"]
    resumed = await mock.http.post(session["url"], headers=secondary, data={"mvpd": "Cablevision"})
    assert resumed.json()["actionName"] == "authenticate"
    await mock.http.post(f"/_mock/sessions/{session['code']}/login", json={})
    assert set(await profiles(mock, primary, f"{API}/profiles")) == {"Cablevision"}
    assert await profiles(mock, secondary, f"{API}/profiles") == {}
    same_device = {**secondary, "AP-Device-Identifier": primary["AP-Device-Identifier"]}
    assert await profiles(mock, same_device, f"{API}/profiles") == {}, "of another client"
