"""The order of checks: a request with several faults gets the error of the first, in Adobe's order."""

from __future__ import annotations

from typing import Any

import pytest

from tests.mock_server.conftest import FULL, Mock
from tests.mock_server.error_situations import PROFILES, SESSIONS


@pytest.mark.anyio
async def test_each_check_comes_before_the_next(mock: Mock) -> None:
    """Method, token, service provider, MVPD, device, body, integration: passing one check leads to the next."""
    decide_nowhere = "/api/v2/{}/decisions/authorize/{}"
    headers = await mock.signed_on()
    token = {"Authorization": headers["Authorization"]}
    foreign = {"Authorization": (await mock.signed_on(application="legacy"))["Authorization"]}
    steps: list[tuple[str, dict[str, Any], int, str | None]] = [
        (decide_nowhere.format("NOPE", "Nobody"), {}, 401, "invalid_access_token_client_application"),
        (decide_nowhere.format("NOPE", "Nobody"), {"headers": token}, 400, "invalid_parameter_service_provider"),
        (
            decide_nowhere.format("REF30", "Nobody"),
            {"headers": foreign},
            401,
            "invalid_access_token_service_provider",
        ),
        (decide_nowhere.format("REF30", "Nobody"), {"headers": token}, 400, "invalid_parameter_mvpd"),
        (decide_nowhere.format("apasstest1", "ATTOTT"), {"headers": token}, 400, "invalid_header_device_identifier"),
        (decide_nowhere.format("apasstest1", "ATTOTT"), {"headers": headers}, 400, "invalid_parameter_resources"),
        (
            decide_nowhere.format("apasstest1", "ATTOTT"),
            {"headers": headers, "json": {"resources": ["r"]}},
            400,
            "invalid_integration",
        ),
        (
            decide_nowhere.format("apasstest1", "Dish"),
            {"headers": headers, "json": {"resources": ["r"]}},
            200,
            None,
        ),
    ]
    assert (await mock.http.get(steps[0][0])).status_code == 405
    for path, request, status, code in steps:
        answer = await mock.http.post(path, **request)
        assert (answer.status_code, answer.json().get("code")) == (status, code)


@pytest.mark.anyio
async def test_the_rate_limit_comes_before_every_other_check(throttling_mock: Mock) -> None:
    for _ in range(11):
        await throttling_mock.http.put(PROFILES)
    assert (await throttling_mock.http.put(PROFILES)).status_code == 429


@pytest.mark.anyio
async def test_session_parameters_are_checked_in_order(mock: Mock) -> None:
    headers = await mock.signed_on()
    for form, code in (
        (FULL | {"mvpd": "Nobody", "redirectUrl": "nowhere"}, "invalid_parameter_mvpd"),
        (FULL | {"mvpd": "Cablevision", "redirectUrl": "nowhere"}, "invalid_parameter_redirect_url"),
    ):
        assert (await mock.http.post(SESSIONS, headers=headers, data=form)).json()["code"] == code
