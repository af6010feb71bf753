"""Settings for what live clients observed and no page documents; the defaults are the documented behaviour."""

from __future__ import annotations

from pathlib import Path

import pytest

from pass_harness.mock_server.adobe.throttle import Limit
from pass_harness.mock_server.config.loading import load_settings
from pass_harness.mock_server.config.settings import Settings, Undocumented
from pass_harness.mock_server.formats.durations import parse_duration
from tests.mock_server.conftest import Mock
from tests.mock_server.test_request_paths import SLASHES, on_the_wire

pytestmark = pytest.mark.anyio
HOUR_S = 3600


async def made(undocumented: Undocumented) -> Mock:
    return Mock(Settings(throttle=None, undocumented=undocumented))


async def statuses_after_login(mock: Mock, *hours: float) -> list[int]:
    """Return the statuses of polls with the code of a login, at so many hours after the session began."""
    headers = await mock.signed_on()
    code = (await mock.session(headers))["code"]
    await mock.http.post(f"/_mock/sessions/{code}/login", json={})
    found, passed = [], 0.0
    for hour in hours:
        mock.clock.tick((hour - passed) * HOUR_S)
        passed = hour
        headers = await mock.signed_on()
        polled = await mock.http.get(f"/api/v2/REF30/profiles/code/{code}", headers=headers)
        found.append(polled.status_code)
        assert polled.status_code != 200 or "Cablevision" in polled.json()["profiles"]
    return found


async def test_a_code_ends_with_its_session_by_default(mock: Mock) -> None:
    assert await statuses_after_login(mock, 0.25, 0.5, 6) == [200, 400, 400]


async def test_the_code_of_a_login_can_return_profiles_for_hours() -> None:
    mock = await made(Undocumented(code_after_login=parse_duration("6h")))
    assert await statuses_after_login(mock, 0.25, 0.5, 6, 6.5) == [200, 200, 200, 400]
    headers = await mock.signed_on()
    pending = (await mock.session(headers))["code"]
    mock.clock.tick(HOUR_S)
    headers = await mock.signed_on()
    polled = await mock.http.get(f"/api/v2/REF30/profiles/code/{pending}", headers=headers)
    assert polled.json()["code"] == "invalid_authentication_session"
    await mock.http.aclose()


@pytest.mark.parametrize("accepted", [False, True])
async def test_codes_in_lower_case_are_invalid_unless_accepted(accepted: bool) -> None:
    mock = await made(Undocumented(lower_case_codes=accepted))
    headers = await mock.logged_in()
    code = (await mock.exchanges())[-1]["code"]
    assert code.lower() != code
    answers = [
        await mock.http.get(f"/api/v2/REF30/profiles/code/{code.lower()}", headers=headers),
        await mock.http.get(f"/api/v2/REF30/sessions/{code.lower()}", headers=headers),
        await mock.http.get(f"/api/v2/authenticate/REF30/{code.lower()}"),
    ]
    assert [answer.status_code for answer in answers] == ([200, 200, 302] if accepted else [400, 400, 400])
    assert accepted or answers[0].json()["code"] == "invalid_parameter_code"
    seen = (await mock.exchanges())[-3]
    assert seen["path"].endswith(code.lower())
    assert seen["code"] == (code if accepted else code.lower())
    await mock.http.aclose()


@pytest.mark.parametrize("path", SLASHES)
async def test_double_slashes_can_be_unknown_paths(path: str) -> None:
    mock = await made(Undocumented(double_slashes=False))
    headers = await mock.signed_on()
    async with on_the_wire(mock) as http:
        for prefix in ("", "/~s"):
            answer = await http.get(f"http://mock{prefix}{path}", headers=headers)
            assert answer.status_code == 404
            assert answer.text.endswith('(configuration): write "/" instead of "//".')
        assert (await http.get("http://mock/api/v2/REF30/configuration/", headers=headers)).status_code == 200
        assert (await http.get("http://mock//_mock//health")).status_code == 200


async def test_a_larger_burst_admits_sixteen_calls_in_two_seconds(throttling_mock: Mock) -> None:
    assert await answered_of_sixteen(throttling_mock) == 12
    observed = Mock(Settings(throttle=Limit(rate=1, burst=15)))
    assert await answered_of_sixteen(observed) == 16


async def answered_of_sixteen(mock: Mock) -> int:
    """Return how many of sixteen calls in two seconds get no 429."""
    statuses = []
    for _ in range(16):
        statuses.append((await mock.http.get("/api/v2/REF30/profiles")).status_code)
        mock.clock.tick(0.125)
    return 16 - statuses.count(429)


def test_the_settings_are_read_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "mock.toml"
    file.write_text(
        "[undocumented]\ncode_after_login = '12h'\nlower_case_codes = true\ndouble_slashes = false\n", "utf-8"
    )
    assert load_settings(file).undocumented == Undocumented(
        code_after_login=parse_duration("12h"), lower_case_codes=True, double_slashes=False
    )
    file.write_text("")
    assert load_settings(file).undocumented == Undocumented()
