"""A typed client of the control API, for tests in Python and for the conformance suite.

One method per call of the table in docs/reference/control-api.md. Errors of the mock (4xx) are raised as
`ControlError` with the mock's own sentence; a mock that cannot be reached raises `httpx.TransportError`.
"""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self

import httpx
import msgspec

from mock_server.exchange import Exchange


class ControlError(Exception):
    """The mock refused a control call; the message is the mock's own."""


class Health(msgspec.Struct):
    """``now`` is in ms on the space's clock, ``wall`` in s on the monotonic clock of ``Exchange.wall``."""

    status: str
    now: int
    wall: float


class ExchangePage(msgspec.Struct):
    """``next`` is the id to ask `after` for the following page."""

    exchanges: list[Exchange]
    next: int


class ControlClient:
    """Drives one space of a running mock.

    ``base_url`` is the mock's address as the service under test knows it, prefix of the space included:
    ``http://127.0.0.1:8300/~build-42``.
    """

    def __init__(self, base_url: str, *, token: str | None = None, timeout: float = 10.0) -> None:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self.base_url = base_url.rstrip("/")
        self._http = httpx.AsyncClient(
            base_url=f"{self.base_url}/_mock", headers=headers, timeout=timeout, trust_env=False
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        await self._http.aclose()

    async def health(self) -> Health:
        return msgspec.convert((await self._call("GET", "/health")).json(), Health)

    async def reset(self) -> None:
        """Back to the catalogue: state, behaviours, clock and journal of this space."""
        await self._call("POST", "/reset")

    async def catalogue(self) -> dict[str, Any]:
        return _object(await self._call("GET", "/catalogue"))

    async def set_integration(self, service_provider: str, mvpd: str, *, enabled: bool) -> None:
        await self._call("PUT", f"/integrations/{service_provider}/{mvpd}", json={"enabled": enabled})

    async def software_statement(self) -> str:
        return (await self._call("GET", "/software-statement")).text.strip()

    async def exchanges(self, *, after: int = 0, limit: int = 1000, **filters: str) -> ExchangePage:
        """The journal after the exchange with id ``after``, oldest first; filters as in the control API."""
        answer = await self._call("GET", "/exchanges", params={"after": str(after), "limit": str(limit), **filters})
        return msgspec.json.decode(answer.content, type=ExchangePage)

    async def har(self, **filters: str) -> bytes:
        """The journal as HAR 1.2; filters as in the control API."""
        return (await self._call("GET", "/exchanges.har", params=filters)).content

    async def clear_exchanges(self) -> None:
        await self._call("DELETE", "/exchanges")

    async def advance(self, duration: str) -> int:
        """Moves the clock of the space forward (``"30m"``); the new time in ms."""
        return int((await self._call("POST", "/clock", json={"advance": duration})).json()["now"])

    async def login(self, code: str, username: str | None = None) -> None:
        """Completes the login of a code without a browser; the default subscriber if none is named."""
        await self._call("POST", f"/sessions/{code}/login", json={"username": username} if username else {})

    async def behaviours(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = _object(await self._call("GET", "/behaviours"))["behaviours"]
        return found

    async def add_behaviour(
        self, effect: dict[str, Any], match: dict[str, str] | None = None, **lifetime: object
    ) -> str:
        """Adds a behaviour; its id. Lifetimes: ``times``, ``for``, ``after``, ``probability``, ``seed``."""
        body = {"match": match or {}, "effect": effect, **{k.rstrip("_"): v for k, v in lifetime.items()}}
        return str((await self._call("POST", "/behaviours", json=body)).json()["id"])

    async def switch_behaviour(self, behaviour: str, *, enabled: bool) -> None:
        """Off, or on again: what it counted and when it ends stay as they were."""
        await self._call("PUT", f"/behaviours/{behaviour}", json={"enabled": enabled})

    async def remove_behaviour(self, behaviour: str) -> None:
        await self._call("DELETE", f"/behaviours/{behaviour}")

    async def revoke_access_tokens(self, client_id: str | None = None) -> int:
        """Revokes the access tokens of one client, or of all; how many."""
        body = {"client_id": client_id} if client_id else {}
        return int((await self._call("POST", "/access-tokens/revoke", json=body)).json()["revoked"])

    async def public_keys(self) -> dict[str, Any]:
        """The public keys of the space, as a JWKS."""
        return _object(await self._call("GET", "/keys"))

    async def rotate_key(self, key: str) -> str:
        """Makes the space sign with a new ``media_token`` or ``authorization_server`` key; its kid."""
        return str((await self._call("POST", "/keys/rotate", json={"key": key})).json()["kid"])

    async def verify_media_token(self, token: str, resource: str | None = None) -> dict[str, Any]:
        """``{"status": …, "token": …}`` as Adobe's Media Token Verifier would have it, on the clock of the space."""
        body = {"token": token, "resource": resource}
        return _object(await self._call("POST", "/media-tokens/verify", json=body))

    async def end_profiles(self, **match: str) -> int:
        """Ends profiles as an MVPD would (match: service_provider, mvpd, device, client_id); how many."""
        return int((await self._call("POST", "/profiles/end", json=match)).json()["ended"])

    async def _call(
        self, method: str, path: str, *, json: object = None, params: dict[str, str] | None = None
    ) -> httpx.Response:
        answer = await self._http.request(
            method, path, json=json if method in {"POST", "PUT"} else None, params=params
        )
        if answer.status_code >= 400:
            raise ControlError(_sentence(answer))
        return answer


def _object(answer: httpx.Response) -> dict[str, Any]:
    return msgspec.json.decode(answer.content, type=dict[str, Any])


def _sentence(answer: httpx.Response) -> str:
    try:
        return str(msgspec.json.decode(answer.content, type=dict[str, Any])["error"])
    except (msgspec.DecodeError, KeyError):
        return f"the mock answered {answer.status_code} to {answer.request.method} {answer.request.url}"
