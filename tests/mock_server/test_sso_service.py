"""The SSO Service: service tokens, link codes, and what behaviours and the journal make of them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from itertools import chain, repeat
from pathlib import Path
from typing import Any

import jwt
import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from pass_harness.mock_server.config.loading import load_settings
from tests.mock_server.conftest import FULL, Mock
from tests.mock_server.single_sign_on import log_in, types
from tests.mock_server.sso_service_requests import (
    ALICE,
    EXPIRED,
    INVALID,
    MVPD,
    PHONE,
    SIGNATURE,
    TABLET,
    TV,
    UNAUTHORIZED,
    ask,
    joined,
    link_code,
    listed,
    refusal,
    value_of,
)

pytestmark = pytest.mark.anyio


async def test_a_service_token_names_the_common_identifier_for_an_hour(mock: Mock) -> None:
    headers = {**await mock.signed_on(), "X-SSO-ID": ALICE, "Accept": "application/json"}
    mock.clock.tick(0.75)
    answer = await ask(mock, "POST", "serviceToken", headers)
    assert answer.status_code == 201
    assert answer.headers["content-type"] == "application/json"
    body = answer.json()
    now_s = mock.clock.now_ms() // 1000
    token = body.pop("serviceToken")
    assert body == {"status": "CREATED", "notBefore": now_s * 1000, "notAfter": now_s * 1000 + 3_600_000}
    assert token.startswith("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.")
    claims = jwt.decode(token, options={"verify_signature": False})
    assert claims == {"iss": "ssoservicetoken", "sub": ALICE, "nbf": now_s, "exp": now_s + 3600, "iat": now_s}


async def test_an_expired_service_token_is_refreshed_for_a_day(mock: Mock) -> None:
    """The device headers are not needed."""
    headers = await joined(mock, TV)
    only = {name: headers[name] for name in ("Authorization", "AD-Service-Token")}
    mock.clock.tick(3600)
    answer = await ask(mock, "GET", "serviceToken", only)
    assert answer.status_code == 200
    body = answer.json()
    claims = jwt.decode(body["serviceToken"], options={"verify_signature": False})
    assert claims["sub"] == ALICE
    assert (body["status"], body["notAfter"] - body["notBefore"]) == ("OK", 3_600_000)
    assert body["notAfter"] == claims["exp"] * 1000
    mock.clock.tick(24 * 3600 - 1)
    only["Authorization"] = (await mock.signed_on())["Authorization"]
    assert (await ask(mock, "GET", "serviceToken", only)).status_code == 200
    mock.clock.tick(1)
    assert refusal(await ask(mock, "GET", "serviceToken", only)) == EXPIRED


async def test_a_second_device_joins_with_a_link_code(stored: Mock) -> None:
    tv = await joined(stored, TV)
    await log_in(stored, tv, MVPD)
    answer = await ask(stored, "POST", "link", {name: v for name, v in tv.items() if name != "X-Device-Info"})
    assert answer.status_code == 201
    body = answer.json()
    code, now_ms = body.pop("code"), stored.clock.now_ms()
    assert body == {"status": "CREATED", "notBefore": now_ms, "notAfter": now_ms + 30 * 60_000}
    assert code.isdigit()
    assert len(code) == 6
    phone = await joined(stored, PHONE, link=code)
    assert jwt.decode(phone["AD-Service-Token"], options={"verify_signature": False})["sub"] == ALICE
    assert await types(stored, phone) == {MVPD: "serviceTokenSSO"}
    assert (await stored.decide(phone, "authorize", "REF30", mvpd=MVPD))[0]["authorized"]
    assert list(await listed(stored, phone)) == [value_of(TV), value_of(PHONE)]
    stranger = await joined(stored, TABLET, identifier="bob")
    assert await types(stored, stranger) == {}
    assert list(await listed(stored, stranger)) == [value_of(TABLET)]


async def test_a_link_code_is_used_once(stored: Mock) -> None:
    code = await link_code(stored, await joined(stored, TV))
    phone = {**await stored.signed_on(PHONE), "X-SSO-LINK": code, "X-SSO-ID": "bob"}
    answers = await asyncio.gather(*(ask(stored, "POST", "serviceToken", phone) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [201, 400, 400, 400, 400]
    assert {refusal(answer) for answer in answers if answer.status_code == 400} == {INVALID}
    token = next(answer.json()["serviceToken"] for answer in answers if answer.status_code == 201)
    subject = jwt.decode(token, options={"verify_signature": False})["sub"]
    assert subject == ALICE, "the link code takes precedence over X-SSO-ID"


async def test_invalid_link_codes_are_refused(mock: Mock) -> None:
    tv = await joined(mock, TV)
    code = await link_code(mock, tv)
    for wrong in ("000000" if code != "000000" else "000001", "12345", "abcdef", "x" * 9000):
        assert refusal(await ask(mock, "POST", "serviceToken", {**tv, "X-SSO-LINK": wrong})) == INVALID
    elsewhere = await mock.http.post("/api/apasstest1/serviceToken", headers={**tv, "X-SSO-LINK": code})
    assert refusal(elsewhere) == INVALID
    mock.clock.tick(30 * 60)
    assert refusal(await ask(mock, "POST", "serviceToken", {**tv, "X-SSO-LINK": code})) == EXPIRED


class Repeating:
    """Identifiers whose link codes repeat."""

    def __init__(self, ids: Any, codes: Iterator[str]) -> None:  # noqa: ANN401 (the generator of the mock)
        self._ids, self._codes = ids, codes

    def __getattr__(self, name: str) -> object:
        return getattr(self._ids, name)

    def link_code(self) -> str:
        return next(self._codes)


async def test_link_codes_in_use_are_not_issued_again(mock: Mock) -> None:
    tv = await joined(mock, TV)
    world = mock.app.state.spaces.get("default").world
    object.__setattr__(world, "ids", Repeating(world.ids, chain(["111111"] * 3, ["222222"], repeat("111111"))))
    assert [await link_code(mock, tv) for _ in range(2)] == ["111111", "222222"]
    refused = await ask(mock, "POST", "link", tv)
    assert refusal(refused) == (500, "internal_error", "An internal error occurred", "none")
    mock.clock.tick(30 * 60)
    assert await link_code(mock, tv) == "111111", "an expired code is free again"


@pytest.mark.parametrize("with_key", [False, True])
async def test_rest_api_v2_takes_only_genuine_tokens(tmp_path: Path, with_key: bool) -> None:
    """Also where the service provider has a key for the tokens of another identity service."""
    config = tmp_path / "mock.toml"
    text = f'[[service_providers]]\nid = "REF30"\ndomains = ["adobe.com"]\nmvpds = ["{MVPD}"]\n'
    if with_key:
        pem = tmp_path / "identity.pem"
        other = generate_private_key(65537, 2048).public_key()
        pem.write_bytes(other.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
        text += f'service_token_key = "{pem}"\n'
    config.write_text(text)
    mock = Mock(msgspec.structs.replace(load_settings(config), throttle=None))
    async with mock.http:
        await log_in(mock, await joined(mock, TV), MVPD)
        phone = await joined(mock, PHONE)
        claims = jwt.decode(phone["AD-Service-Token"], options={"verify_signature": False})
        forged = {"AD-Service-Token": jwt.encode(claims, "another secret of at least 32 bytes", algorithm="HS256")}
        assert await types(mock, phone) == {MVPD: "serviceTokenSSO"}
        assert await types(mock, {**phone, **forged}) == {}
        mock.clock.tick(3600)
        assert await types(mock, phone) == {}


async def test_service_tokens_outlast_a_rotation_of_keys(mock: Mock) -> None:
    tv = await joined(mock, TV)
    assert (await mock.http.post("/_mock/keys/rotate", json={"key": "authorization_server"})).status_code == 200
    assert list(await listed(mock, tv)) == [value_of(TV)]


async def test_behaviours_change_errors_and_lifetimes(mock: Mock) -> None:
    await mock.behave({"ttl": {"service_token": "5m", "link_code": "90s"}}, match={"device": TV})
    tv = await joined(mock, TV)
    claims = jwt.decode(tv["AD-Service-Token"], options={"verify_signature": False})
    assert claims["exp"] - claims["iat"] == 300
    body = (await ask(mock, "POST", "link", tv)).json()
    assert body["notAfter"] - body["notBefore"] == 90_000
    await mock.behave({"error": "internal_server_error"}, times=1)
    assert (await ask(mock, "GET", "list", tv)).status_code == 200
    await mock.behave({"error": "internal_error"}, match={"endpoint": "sso.*"}, times=1)
    assert refusal(await ask(mock, "GET", "list", tv)) == (
        500,
        "internal_error",
        "An internal error occurred",
        "none",
    )
    await mock.behave({"error": "header_invalid"}, match={"endpoint": "sso.list"}, times=1)
    assert refusal(await ask(mock, "GET", "list", tv)) == SIGNATURE
    await mock.behave({"reject_token": True}, match={"endpoint": "sso.list"}, times=1)
    assert refusal(await ask(mock, "GET", "list", tv)) == UNAUTHORIZED
    refused = await mock.http.post("/_mock/behaviours", json={"effect": {"error": "token_invalid"}})
    assert (refused.status_code, "match the endpoint sso.*" in refused.json()["error"]) == (400, True)


async def test_outputs_mask_tokens_identifiers_and_link_codes(mock: Mock) -> None:
    tv = await joined(mock, TV)
    code = await link_code(mock, tv)
    phone = await joined(mock, PHONE, link=code)
    outputs = [
        (await mock.http.get(f"/_mock/{path}")).text for path in ("exchanges", "exchanges.har", "sso-profiles")
    ]
    for output in outputs:
        assert [
            one for one in (code, ALICE, tv["AD-Service-Token"], phone["AD-Service-Token"]) if one in output
        ] == []
    exchanges = [one for one in await mock.exchanges() if one["endpoint"].startswith("sso.")]
    assert [one["endpoint"] for one in exchanges] == ["sso.token", "sso.link", "sso.token"]
    issued = json.loads(exchanges[1]["response_body"])["code"]
    assert exchanges[2]["request_headers"]["x-sso-link"] == issued
    assert exchanges[1]["code"] is None


async def test_a_login_with_a_service_token_continues_on_a_linked_device(mock: Mock) -> None:
    """The whole flow of the page: D2C login, MVPD login, link code, second device."""
    tv = await joined(mock, TV)
    session = await mock.session(tv, mvpd=MVPD)
    assert session["actionName"] == "authenticate"
    assert (await mock.http.post(f"/_mock/sessions/{session['code']}/login", json={})).status_code == 200
    phone = await joined(mock, PHONE, link=await link_code(mock, tv))
    answer = await mock.http.post("/api/v2/REF30/sessions", headers=phone, data={**FULL, "mvpd": MVPD})
    assert (answer.json()["actionName"], answer.json()["reasonType"]) == ("authorize", "authenticatedSSO")
