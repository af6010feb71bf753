"""`pass-mock compare` replays requests to the SSO Service, and compares its errors."""

from __future__ import annotations

import json
from collections.abc import Iterator

import msgspec
import pytest
from fidelity_records import compared, differing, recorded

from pass_harness.conformance.fidelity.replay import Replay
from pass_harness.mock_server.config.settings import Settings
from pass_harness.mock_server.exchange import Exchange
from tests.mock_server.conftest import Mock
from tests.mock_server.sso_service_requests import (
    CALLS,
    PHONE,
    TABLET,
    TV,
    WITH_TOKEN,
    ask,
    joined,
    link_code,
    signed,
    unlinked,
    value_of,
)

OPEN = Settings(throttle=None)
STRICT = Settings(throttle=None, strict=True)


async def everything(mock: Mock) -> None:
    """Make each request of the SSO Service, and every mistake that it refuses."""
    tv, phone, tablet = [await joined(mock, device) for device in (TV, PHONE, TABLET)]
    body = {"json": {"devices": [value_of(PHONE)]}}
    without = {name: {key: sent for key, sent in tv.items() if key != name} for name in tv}
    for method, call in CALLS:
        for headers in (
            tv,
            *without.values(),
            {**tv, "AP-Device-Identifier": "x"},
            {**tv, "Authorization": "Basic x"},
        ):
            await ask(mock, method, call, headers, **(body if call == "unlink" else {}))
    for name in ("X-SSO-ID", "X-SSO-LINK"):
        for value in ("", " ", "unknown", "123456"):
            await ask(mock, "POST", "serviceToken", {**tv, name: value})
    for method, call in WITH_TOKEN:
        for token in ("", "x", signed()[:-4] + "AAAA", signed(sub=5)):
            await ask(mock, method, call, {**tv, "AD-Service-Token": token})
    for content in (b"", b"null", b"[", b"{}", b'{"devices":null}', b'{"devices":[]}', b'{"devices":["x",5]}'):
        await ask(mock, "POST", "unlink", tv, content=content)
    await unlinked(mock, tv, value_of(TABLET))
    late = await link_code(mock, tv)
    for _ in range(2):
        await ask(mock, "POST", "serviceToken", {**phone, "X-SSO-LINK": await link_code(mock, tv)})
    for method, call in WITH_TOKEN:
        await ask(mock, method, call, tablet)
    mock.clock.tick(3600)
    await ask(mock, "POST", "serviceToken", {**phone, "X-SSO-LINK": late})
    for _ in range(2):
        for method, call in WITH_TOKEN:
            await ask(mock, method, call, tv)
        mock.clock.tick(24 * 3600)


@pytest.fixture(scope="module")
def replay() -> Iterator[Replay]:
    with Replay() as made:
        yield made


@pytest.fixture(scope="module")
def exchanges() -> list[Exchange]:
    return recorded(OPEN, everything)


def refused(exchange: Exchange, status: int, code: str, exchanges: list[Exchange]) -> Exchange:
    """Return the exchange with the refusal of another one."""
    other = next(one for one in exchanges if one.status == status and f'"{code}"' in one.response_body)
    return msgspec.structs.replace(exchange, status=status, response_body=other.response_body)


def successful(exchanges: list[Exchange], endpoint: str) -> Exchange:
    return next(one for one in exchanges if one.endpoint == endpoint and one.status < 400)


def test_answers_of_the_mock_are_compared_and_do_not_differ(replay: Replay, exchanges: list[Exchange]) -> None:
    for made, found in ((OPEN, exchanges), (STRICT, recorded(STRICT, everything))):
        results = compared(replay, found, made)
        assert differing(results) == []
        assert {reason for one in results if one.endpoint.startswith("sso.") for reason in one.untold} == set()


def test_a_missing_check_of_the_request_is_found(replay: Replay, exchanges: list[Exchange]) -> None:
    for endpoint, status, code in (
        ("sso.token", 400, "header_missing"),
        ("sso.list", 400, "header_missing"),
        ("sso.list", 401, "header_missing"),
        ("sso.refresh", 400, "header_missing"),
        ("sso.unlink", 400, "request_null"),
        ("sso.unlink", 400, "request_invalid"),
    ):
        is_other = (one for one in exchanges if (one.endpoint, one.status) == (endpoint, status))
        other = next(one for one in is_other if f'"{code}"' in one.response_body)
        answer = successful(exchanges, endpoint)
        served = msgspec.structs.replace(other, status=answer.status, response_body=answer.response_body)
        found = [f"check of the request: success in the record, {code} in the mock"]
        assert [one[2] for one in differing(compared(replay, [served]))] == found


def test_an_additional_check_of_the_request_is_found(replay: Replay, exchanges: list[Exchange]) -> None:
    for endpoint, code in (
        ("sso.list", "header_missing"),
        ("sso.refresh", "header_missing"),
        ("sso.unlink", "request_invalid"),
        ("sso.unlink", "request_null"),
    ):
        changed = refused(successful(exchanges, endpoint), 400, code, exchanges)
        found = [f"check of the request: {code} in the record, success in the mock"]
        assert [one[2] for one in differing(compared(replay, [changed]))] == found


def test_another_order_of_checks_is_found(replay: Replay, exchanges: list[Exchange]) -> None:
    """The mock refuses a missing access token first, then a missing device, and the body last."""
    bare = next(
        one for one in exchanges if one.endpoint == "sso.unlink" and "authorization" not in one.request_headers
    )
    for code in ("header_missing", "request_invalid"):
        found = differing(compared(replay, [refused(bare, 400, code, exchanges)]))
        assert [one[2] for one in found] == [f"order of checks: {code} in the record, unauthorized in the mock"]


def test_tokens_and_link_codes_may_have_any_state(replay: Replay, exchanges: list[Exchange]) -> None:
    refusals = ((401, "unauthorized"), (401, "token_expired"), (400, "token_invalid"), (401, "header_invalid"))
    for endpoint in ("sso.link", "sso.list", "sso.unlink"):
        original = successful(exchanges, endpoint)
        changed = [refused(original, status, code, exchanges) for status, code in refusals]
        assert differing(compared(replay, changed)) == []
    linked = next(one for one in exchanges if "x-sso-link" in one.request_headers and one.status == 201)
    assert differing(compared(replay, [refused(linked, *row, exchanges) for row in refusals[:3]])) == []


@pytest.mark.parametrize(
    ("member", "value", "expected"),
    [
        ("message", "No.", "$.error.message of token_expired: another text"),
        ("action", "none", "$.error.action of token_expired: none in the record, get_new_token in the mock"),
        ("status", 400, "$.error.status of token_expired: 400 in the record, 401 in the mock"),
        ("helpUrl", "https://x.example", "$.error.helpUrl: another URL"),
    ],
)
def test_a_difference_of_an_error_is_found(
    replay: Replay, exchanges: list[Exchange], member: str, value: object, expected: str
) -> None:
    original = next(one for one in exchanges if '"token_expired"' in one.response_body)
    body = json.loads(original.response_body)
    body["error"][member] = value
    changed = msgspec.structs.replace(original, response_body=json.dumps(body))
    assert [one[2].startswith(expected) for one in differing(compared(replay, [changed]))] == [True]


def test_a_difference_of_status_or_content_type_is_found(replay: Replay, exchanges: list[Exchange]) -> None:
    expired = next(one for one in exchanges if '"token_expired"' in one.response_body)
    found = differing(compared(replay, [msgspec.structs.replace(expired, status=400)]))
    assert [one[2] for one in found] == ["HTTP status of token_expired: 400 in the record, 401 in the mock"]
    headers = {**expired.response_headers, "content-type": "application/json;charset=UTF-8"}
    found = differing(compared(replay, [msgspec.structs.replace(expired, response_headers=headers)]))
    assert [one[2] for one in found] == ["charset of Content-Type: UTF-8 in the record, absent in the mock"]
