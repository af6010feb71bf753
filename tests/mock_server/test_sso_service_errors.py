"""Requests that the SSO Service refuses: access tokens, headers, service tokens, bodies, and the rate limit."""

from __future__ import annotations

import jwt
import pytest

from pass_harness.mock_server.config.settings import Settings
from tests.mock_server.conftest import Mock
from tests.mock_server.sso_service_requests import (
    ALICE,
    API,
    BAD_SUBJECT,
    CALLS,
    EXPIRED,
    KEY,
    MISSING,
    NO_SUBJECT,
    SIGNATURE,
    TV,
    UNAUTHORIZED,
    UNREADABLE,
    WITH_TOKEN,
    ask,
    joined,
    listed,
    refusal,
    signed,
    value_of,
)

pytestmark = pytest.mark.anyio


async def test_every_call_needs_an_access_token_for_the_service_provider(mock: Mock) -> None:
    tv = {**await joined(mock, TV), "X-SSO-ID": ALICE}
    foreign = {**tv, "Authorization": (await mock.signed_on(application="legacy"))["Authorization"]}
    nobody = {name: value for name, value in tv.items() if name != "Authorization"}
    for method, call in CALLS:
        for headers in (nobody, {**tv, "Authorization": "Bearer x"}, foreign):
            assert refusal(await ask(mock, method, call, headers)) == UNAUTHORIZED
        assert refusal(await mock.http.request(method, f"/api/NOPE/{call}", headers=tv)) == UNAUTHORIZED
        assert (await mock.http.delete(f"{API}/{call}", headers=tv)).status_code == 405
        assert (await mock.http.request(method, f"/api/v2/REF30/{call}", headers=tv)).status_code == 404


async def test_missing_headers(mock: Mock) -> None:
    tv = await mock.signed_on(TV)
    either = (
        400,
        "header_missing",
        "Either x-sso-id or x-sso-link header is required for POST requests",
        "check_headers",
    )
    for none in ({}, {"X-SSO-ID": " "}, {"X-SSO-LINK": ""}, {"X-SSO-ID": "x" * 1025}):
        assert refusal(await ask(mock, "POST", "serviceToken", {**tv, **none})) == either
    token = {"Authorization": tv["Authorization"], "X-SSO-ID": ALICE}
    for device in ({}, {"AP-Device-Identifier": value_of(TV)}):
        assert refusal(await ask(mock, "POST", "serviceToken", {**token, **device})) == (
            400,
            "header_missing",
            "AP-Device-Identifier header is required for POST requests",
            "check_headers",
        )
    for method, call in WITH_TOKEN[1:]:
        assert refusal(await ask(mock, method, call, {**token, "AD-Service-Token": signed()})) == MISSING
    for (method, call), words in zip(WITH_TOKEN, ("GET", "link", "unlink", "list"), strict=True):
        status = 400 if call == "serviceToken" else 401
        message = f"AD-Service-Token header is required for {words} requests"
        for absent in ({}, {"AD-Service-Token": " "}):
            answer = await ask(mock, method, call, {**tv, **absent})
            assert refusal(answer) == (status, "header_missing", message, "check_headers")


@pytest.mark.parametrize(
    ("token", "error"),
    [
        (signed()[:-4] + "AAAA", SIGNATURE),
        (jwt.encode({"sub": ALICE}, "another secret of at least 32 bytes", algorithm="HS256"), SIGNATURE),
        ("x", UNREADABLE),
        ("a.b.c", UNREADABLE),
        ("x" * 9000, UNREADABLE),
        (jwt.encode({"sub": ALICE}, KEY, algorithm="RS256"), UNREADABLE),
        (jwt.encode({"sub": ALICE}, None, algorithm="none"), UNREADABLE),
        (signed(sub=...), NO_SUBJECT),
        (signed(sub=""), NO_SUBJECT),
        (signed(sub=5), BAD_SUBJECT),
    ],
)
async def test_unusable_service_tokens(mock: Mock, token: str, error: tuple[int, str, str, str]) -> None:
    headers = {**await joined(mock, TV), "AD-Service-Token": token}
    for method, call in WITH_TOKEN:
        assert refusal(await ask(mock, method, call, headers)) == error


async def test_link_unlink_and_list_refuse_an_expired_service_token(mock: Mock) -> None:
    tv = await joined(mock, TV)
    mock.clock.tick(3600)
    for method, call in WITH_TOKEN[1:]:
        assert refusal(await ask(mock, method, call, tv)) == EXPIRED


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"", (400, "request_null", "Request object cannot be null", "none")),
        (b"null", (400, "request_null", "Request object cannot be null", "none")),
        (b"[", (400, "request_null", "Request object cannot be null", "none")),
        (b"{}", (400, "request_invalid", "Devices list cannot be null or empty", "check_request_body")),
        (
            b'{"devices": null}',
            (400, "request_invalid", "Devices list cannot be null or empty", "check_request_body"),
        ),
        (b'{"devices": []}', (400, "request_invalid", "Devices list cannot be null or empty", "check_request_body")),
        (
            b'{"devices": "dHY="}',
            (400, "request_invalid", "Devices list cannot be null or empty", "check_request_body"),
        ),
        (
            b'{"devices": ["dHY=", 5]}',
            (400, "request_invalid", "Devices list cannot be null or empty", "check_request_body"),
        ),
    ],
)
async def test_an_unreadable_list_of_devices_unlinks_nothing(
    mock: Mock, body: bytes, error: tuple[int, str, str, str]
) -> None:
    tv = await joined(mock, TV)
    assert refusal(await ask(mock, "POST", "unlink", tv, content=body)) == error
    assert list(await listed(mock, tv)) == [value_of(TV)]


async def test_strict_mode_names_the_reason() -> None:
    mock = Mock(Settings(throttle=None, strict=True))
    async with mock.http:
        tv = await joined(mock, TV)
        bare = {name: value for name, value in tv.items() if name != "X-Device-Info"}
        refused = (await ask(mock, "POST", "serviceToken", {**bare, "X-SSO-ID": ALICE})).json()["error"]
        assert (refused["code"], refused["details"].partition(":")[0]) == (
            "header_missing",
            "X-Device-Info is missing or cannot be decoded",
        )
        refused = (await ask(mock, "POST", "unlink", bare, json={"devices": ["x"], "all": True})).json()["error"]
        assert (refused["code"], refused["details"]) == ("request_invalid", "unknown parameter all: remove it")
        assert list(await listed(mock, bare)) == [value_of(TV)]


async def test_the_rate_limit_counts_the_calls_with_those_of_rest_api_v2(throttling_mock: Mock) -> None:
    paths = [f"{API}/{call}" for _, call in CALLS] + ["/api/v2/REF30/profiles"]
    answers = [(await throttling_mock.http.get(path)).status_code for path in [*paths, *paths]]
    assert answers[:11].count(429) == 0
    assert answers[11] == 429
    assert (await throttling_mock.http.options(f"{API}/list")).status_code == 429
    assert (await throttling_mock.http.get("/api/v1/config")).status_code == 404
