"""Every error of dynamic client registration is caused by a client mistake or a behaviour."""

from __future__ import annotations

import httpx
import msgspec
import pytest

from pass_harness.mock_server.adobe.errors import DCR_ERRORS
from pass_harness.mock_server.catalogue import Catalogue, Tables
from tests.mock_server.conftest import DEVICE_INFO, Mock
from tests.mock_server.error_situations import Situation, other_catalogue


async def register(mock: Mock, **body: str) -> httpx.Response:
    return await mock.http.post("/o/client/register", json=body, headers={"X-Device-Info": DEVICE_INFO})


async def statement(mock: Mock) -> str:
    return (await mock.http.get("/_mock/software-statement")).text


async def no_statement(mock: Mock) -> httpx.Response:
    return await register(mock)


async def redirect_without_scheme(mock: Mock) -> httpx.Response:
    return await register(mock, software_statement=await statement(mock), redirect_uri="nowhere")


async def forged_statement(mock: Mock) -> httpx.Response:
    return await register(mock, software_statement=(await statement(mock))[:-8] + "AAAAAAAA")


async def unknown_statement(mock: Mock) -> httpx.Response:
    return await register(mock, software_statement=await statement(mock))


def _not_approved(catalogue: Catalogue) -> Tables:
    return Tables(applications=(msgspec.structs.replace(catalogue.applications["default"], approved=False),))


async def ask_token(mock: Mock, **changes: str) -> httpx.Response:
    credentials = await mock.register()
    form = {"grant_type": "client_credentials", **{k: credentials[k] for k in ("client_id", "client_secret")}}
    return await mock.http.post("/o/client/token", data=form | changes)


async def wrong_secret(mock: Mock) -> httpx.Response:
    return await ask_token(mock, client_secret="guess")


async def other_grant_type(mock: Mock) -> httpx.Response:
    return await ask_token(mock, grant_type="authorization_code")


async def unauthorized(mock: Mock) -> httpx.Response:
    await mock.behave({"error": "unauthorized_client"}, match={"endpoint": "dcr.token"})
    return await ask_token(mock)


OF_DCR: dict[str, Situation] = {
    "invalid_request": no_statement,
    "invalid_redirect_uri": redirect_without_scheme,
    "invalid_software_statement": forged_statement,
    "unapproved_software_statement": other_catalogue(_not_approved, unknown_statement),
    "invalid_client": wrong_secret,
    "unauthorized_client": unauthorized,
    "unsupported_grant_type": other_grant_type,
}


@pytest.mark.anyio
@pytest.mark.parametrize("code", sorted(DCR_ERRORS))
async def test_every_error_of_dcr_can_be_caused(mock: Mock, code: str) -> None:
    answer = await OF_DCR[code](mock)
    assert (answer.status_code, answer.json()) == (400, {"error": code})
    assert answer.headers["content-type"] == "application/json;charset=UTF-8"


@pytest.mark.anyio
@pytest.mark.parametrize("match", [{}, {"endpoint": "profiles"}, {"endpoint": "*"}])
async def test_a_dcr_error_applies_to_dcr_endpoints_only(mock: Mock, match: dict[str, str]) -> None:
    behaviour = {"effect": {"error": "unauthorized_client"}, "match": match}
    answer = await mock.http.post("/_mock/behaviours", json=behaviour)
    assert answer.status_code == 400
    assert "unauthorized_client is a DCR error" in answer.json()["error"]
