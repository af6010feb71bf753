"""Records for the tests of `pass-mock compare`: traffic of a mock in this process, as `--record` writes it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from pass_harness.conformance.fidelity.comparison import Compared, Comparison
from pass_harness.conformance.fidelity.replay import Replay
from pass_harness.mock_server.config.settings import Settings
from pass_harness.mock_server.exchange import Exchange
from tests.mock_server.conftest import FULL, Mock, device_headers
from tests.mock_server.error_situations import IDENTITY, SAML, framework

Play = Callable[[Mock], Awaitable[object]]


def recorded(settings: Settings, play: Play) -> list[Exchange]:
    """Return the exchanges of a mock with these settings while a coroutine function plays."""

    async def run() -> list[Exchange]:
        return await exchanges_of(Mock(settings), play)

    return asyncio.run(run())


async def exchanges_of(mock: Mock, play: Play) -> list[Exchange]:
    await play(mock)
    return msgspec.convert(await mock.exchanges(), list[Exchange])


def compared(replay: Replay, exchanges: list[Exchange], settings: Settings | None = None) -> list[Compared]:
    """Return the results for exchanges, as if they were those of a real environment, which has no behaviours."""
    comparison = Comparison(settings or Settings(), replay)
    return [comparison.compare(msgspec.structs.replace(exchange, behaviours=())) for exchange in exchanges]


def differing(results: list[Compared]) -> list[tuple[str, int, str]]:
    return [(one.endpoint, one.status, str(found)) for one in results for found in one.differences]


async def tour(mock: Mock, provider: str = "REF30", mvpd: str = "Cablevision") -> None:
    """Visit every endpoint: with success, with mistakes of a client, and in states that refuse."""
    api = f"/api/v2/{provider}"
    form = FULL | {"mvpd": mvpd}
    await mock.http.post("/o/client/register", json={"software_statement": "none"})
    await mock.http.post("/o/client/token", data={"client_id": "x", "client_secret": "y", "grant_type": "password"})
    await mock.http.post("/o/client/token", data={"client_id": "x"})
    headers = await mock.signed_on()
    foreign = await mock.signed_on(application="legacy")
    get, post = _with(mock, "GET", headers), _with(mock, "POST", headers)
    await get(f"{api}/configuration")
    begun = (await post(f"{api}/sessions")).get("code", "NONE")
    await post(f"{api}/sessions/{begun}", data={"mvpd": mvpd})
    await get(f"{api}/sessions/{begun}")
    await mock.http.get(f"/api/v2/authenticate/{provider}/{begun}")
    code = (await post(f"{api}/sessions", data=form)).get("code", "NONE")
    await get(f"{api}/profiles/code/{begun}")
    await get(f"{api}/profiles/code/{code}")
    await mock.http.get(f"/api/v2/authenticate/{provider}/{code}")
    await get(f"{api}/decisions/authorize/{mvpd}")
    await post(f"{api}/decisions/authorize/{mvpd}", json={"resources": ["r1"]})
    await mock.http.post(f"/_mock/sessions/{code}/login", json={})
    await get(f"{api}/profiles/code/{code}")
    await get(f"{api}/profiles")
    await get(f"{api}/profiles/{mvpd}")
    await post(f"{api}/sessions", data=form)
    for kind in ("preauthorize", "authorize"):
        await post(f"{api}/decisions/{kind}/{mvpd}", json={"resources": ["r1", "resource3"]})
        await post(f"{api}/decisions/{kind}/{mvpd}", json={"resources": ["r1"]})
        await post(f"{api}/decisions/{kind}/{mvpd}", json={"resources": []})
        await post(f"{api}/decisions/{kind}/{mvpd}", content=b"none")
    for temporary in ("TempPass", "flexibleTempPass"):
        for identity in ({}, IDENTITY):
            await post(f"{api}/sessions", data=form | {"mvpd": temporary}, headers=identity)
            await post(f"{api}/decisions/authorize/{temporary}", json={"resources": ["r1"]}, headers=identity)
            await get(f"{api}/profiles/{temporary}", headers=identity)
    for status in ({}, framework(), framework("denied"), framework(id="Nobody")):
        apple = device_headers("a device of Apple") | status
        await post(f"{api}/sessions/sso/Apple", data=FULL, headers=apple)
        await post(f"{api}/profiles/sso/Apple", data={"SAMLResponse": SAML}, headers=apple)
    await post(f"{api}/sessions/sso/Other")
    for query in ("", "?redirectUrl=https%3A%2F%2Fadobe.com"):
        await get(f"{api}/logout/{mvpd}{query}")
        await get(f"{api}/logout/Dish{query}")
    reset = "/reset-tempass/v3/reset?requestor_id={}&mvpd_id={}&device_id=all"
    for given in (reset.format(provider, "TempPass"), reset.format("NOPE", "TempPass"), reset.format(provider, mvpd)):
        await mock.http.delete(given, headers=headers)
    generic = "/reset-tempass/v3/reset/generic?requestor_id={}&mvpd_id={}&key=all"
    for given in (generic.format(provider, "flexibleTempPass"), generic.format(provider, mvpd)):
        await mock.http.delete(given, headers=headers)
    await sso_service(mock, headers, f"/api/{provider}")
    await mock.http.get(f"{api}/profiles", headers=foreign)
    await mistakes(mock, headers, api, mvpd)


async def sso_service(mock: Mock, headers: dict[str, str], api: str) -> None:
    """Visit the endpoints of the SSO Service: with a first device, a second one by link code, and mistakes."""
    get, post = _with(mock, "GET", headers), _with(mock, "POST", headers)
    await post(f"{api}/serviceToken")
    issued = await post(f"{api}/serviceToken", headers={"X-SSO-ID": "a common identifier"})
    token = {"AD-Service-Token": issued.get("serviceToken", "none")}
    await get(f"{api}/serviceToken", headers=token)
    link = (await post(f"{api}/link", headers=token)).get("code", "000000")
    for _ in range(2):
        await post(f"{api}/serviceToken", headers=device_headers("second") | {"X-SSO-LINK": link})
    for sent in (token, {}, {"AD-Service-Token": "none"}):
        await get(f"{api}/list", headers=sent)
        await post(
            f"{api}/unlink", headers=sent, json={"devices": [device_headers("second")["AP-Device-Identifier"]]}
        )


async def mistakes(mock: Mock, headers: dict[str, str], api: str, mvpd: str) -> None:
    """Send requests that lack or break one thing after the other."""
    bare = {"Authorization": headers["Authorization"]}
    for sent in ({}, bare, {**headers, "Authorization": "Basic none"}, {**headers, "AP-Device-Identifier": "none"}):
        for path in (f"{api}/profiles", f"{api}/profiles/NOPE", "/api/v2/NOPE/profiles", f"{api}/sessions/NOSUCH1"):
            await mock.http.get(path, headers=sent)
        await mock.http.post(f"{api}/decisions/authorize/{mvpd}", headers=sent, json={"resources": "r1"})
        await mock.http.post(f"{api}/sessions", headers=sent, data={"mvpd": "NOPE", "redirectUrl": "none"})
        await mock.http.put(f"{api}/profiles", headers=sent)
    await mock.http.post(f"{api}/sessions", headers=headers, data=FULL | {"mvpd": mvpd, "redirectUrl": "none"})
    await mock.http.get("/api/v2/nothing/of/this", headers=headers)


def _with(mock: Mock, method: str, headers: dict[str, str]) -> Callable[..., Awaitable[dict[str, Any]]]:
    async def send(path: str, **rest: Any) -> dict[str, Any]:  # noqa: ANN401 - as httpx names them
        answer = await mock.http.request(method, path, headers={**headers, **rest.pop("headers", {})}, **rest)
        try:
            found: dict[str, Any] = answer.json()
        except ValueError:
            found = {}
        return found

    return send
