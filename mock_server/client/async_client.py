"""A typed client of the control API, for coroutines (`SyncControlClient` in sync_client.py is for all else).

One method per call of the table in docs/reference/control-api.md. Errors of the mock (4xx) are raised as
`ControlError` with the mock's own sentence; a mock that cannot be reached raises `httpx.TransportError`.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import quote

import httpx
import msgspec

from pass_harness.mock_server.client.models import (
    Bucket,
    ClockState,
    DataCentresState,
    Event,
    ExchangePage,
    Findings,
    Health,
    ListedBehaviour,
    ListedSession,
    MediaTokenVerdict,
)
from pass_harness.mock_server.client.sse import EventReader
from pass_harness.mock_server.client.tls_trust import trusted

T = TypeVar("T")


class ControlError(Exception):
    """The mock refused a control call; the message is the mock's own."""


class ControlTokenWanted(ControlError):
    """The mock takes control calls only with its control token."""


class ControlClient:
    """Drives one space of a running mock.

    ``base_url`` is the mock's address as the service under test knows it, prefix of the space included:
    ``http://127.0.0.1:8300/~build-42``. ``verify`` is for a mock with TLS: an SSL context that trusts its authority,
    where SSL_CERT_FILE does not name it.
    """

    def __init__(
        self, base_url: str, *, token: str | None = None, timeout: float = 10.0, verify: ssl.SSLContext | bool = True
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self._token, self._verify = token, trusted() if verify is True else verify
        self._http = httpx.AsyncClient(
            base_url=f"{self.base_url}/_mock",
            headers=bearer(token),
            timeout=timeout,
            verify=self._verify,
            trust_env=False,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        await self._http.aclose()

    def of_space(self, name: str) -> ControlClient:
        """A client of another space of the same mock."""
        return ControlClient(of_space(self.base_url, name), token=self._token, verify=self._verify)

    async def health(self) -> Health:
        return await self._get("/health", Health)

    async def reset(self) -> None:
        """Back to the catalogue: state, behaviours, clock and journal of this space."""
        await self._call("POST", "/reset")

    async def catalogue(self) -> dict[str, Any]:
        """What exists, and which integrations are switched on."""
        return await self._get("/catalogue", dict[str, Any])

    async def set_integration(self, service_provider: str, mvpd: str, *, enabled: bool) -> None:
        """Switches one integration."""
        path = f"/integrations/{quote(service_provider, safe='')}/{quote(mvpd, safe='')}"
        await self._call("PUT", path, json={"enabled": enabled})

    async def software_statement(self, application: str = "default") -> str:
        """A software statement to register with."""
        answer = await self._call("GET", "/software-statement", params={"application": application})
        return answer.text.strip()

    async def exchanges(self, /, *, after: int = 0, limit: int = 1000, **filters: str) -> ExchangePage:
        """The journal after the exchange with id ``after``, oldest first; filters as in the control API."""
        return await self._get("/exchanges", ExchangePage, {"after": str(after), "limit": str(limit), **filters})

    async def har(self, /, **filters: str) -> bytes:
        """The journal as HAR 1.2; filters as in the control API."""
        return (await self._call("GET", "/exchanges.har", params=filters)).content

    async def clear_exchanges(self) -> None:
        """Empties the journal."""
        await self._call("DELETE", "/exchanges")

    @asynccontextmanager
    async def events(self, *, after: str | None = None, view: str = "full") -> AsyncIterator[AsyncIterator[Event]]:
        """``async with control.events() as events``: exchanges and findings as they happen, without end."""
        async with self._http.stream("GET", "/events", params=event_parameters(after, view), timeout=None) as answer:
            if answer.is_error:
                await answer.aread()
            yield _events(checked(answer))

    async def findings(self) -> Findings:
        """What the live rules found so far."""
        return await self._get("/findings", Findings)

    async def metrics(self) -> str:
        """The metrics of the whole mock in Prometheus's text format."""
        return (await self._call("GET", "/metrics")).text

    async def clock(self) -> ClockState:
        return await self._get("/clock", ClockState)

    async def advance(self, duration: str) -> int:
        """Moves the clock of the space forward (``"30m"``); the new time in ms."""
        answer = await self._call("POST", "/clock", json={"advance": duration})
        return decoded(answer, ClockState).now

    async def sessions(self, *, limit: int = 100) -> list[ListedSession]:
        """The sessions that began last, newest first."""
        return await self._listed("/sessions", list[ListedSession], {"limit": str(limit)})

    async def login(self, code: str, username: str | None = None) -> None:
        """Completes the login of a code without a browser; the default subscriber if none is named."""
        body = {"username": username} if username else {}
        await self._call("POST", f"/sessions/{quote(code, safe='')}/login", json=body)

    async def buckets(self, *, limit: int = 100) -> list[Bucket]:
        """The throttle buckets that are not full, the emptiest first."""
        return await self._listed("/buckets", list[Bucket], {"limit": str(limit)})

    async def behaviours(self) -> list[ListedBehaviour]:
        return await self._listed("/behaviours", list[ListedBehaviour])

    async def add_behaviour(
        self,
        effect: Mapping[str, Any],
        match: Mapping[str, str] | None = None,
        *,
        times: int | None = None,
        for_: str | None = None,
        after: int = 0,
        probability: float | None = None,
        seed: int | None = None,
    ) -> str:
        """Adds a behaviour; its id."""
        lifetime = {"times": times, "for": for_, "after": after, "probability": probability, "seed": seed}
        body = {"match": match or {}, "effect": effect, **_given(lifetime)}
        return str(_object(await self._call("POST", "/behaviours", json=body))["id"])

    async def add_preset(
        self, preset: str, match: Mapping[str, str] | None = None, *, for_: str | None = None
    ) -> list[str]:
        """Adds the behaviours of a preset; their ids."""
        body = {"preset": preset, "match": match or {}, **_given({"for": for_})}
        ids: list[str] = _object(await self._call("POST", "/behaviours", json=body))["ids"]
        return ids

    async def switch_behaviour(self, behaviour: str, *, enabled: bool) -> None:
        """Off, or on again: what it counted and when it ends stay as they were."""
        await self._call("PUT", f"/behaviours/{quote(behaviour, safe='')}", json={"enabled": enabled})

    async def remove_behaviour(self, behaviour: str) -> None:
        await self._call("DELETE", f"/behaviours/{quote(behaviour, safe='')}")

    async def presets(self) -> dict[str, str]:
        """The presets, with what they do."""
        return await self._get("/presets", dict[str, str])

    async def data_centres(self) -> DataCentresState:
        return await self._get("/data-centres", DataCentresState)

    async def fail_over(self) -> DataCentresState:
        """Makes the next data centre the active one."""
        return decoded(await self._call("POST", "/data-centres/fail-over"), DataCentresState)

    async def public_keys(self) -> dict[str, Any]:
        """The public keys of the space, as a JWKS."""
        return await self._get("/keys", dict[str, Any])

    async def rotate_key(self, key: str) -> str:
        """Makes the space sign with a new ``media_token`` or ``authorization_server`` key; its kid."""
        return str(_object(await self._call("POST", "/keys/rotate", json={"key": key}))["kid"])

    async def verify_media_token(self, token: str, resource: str | None = None) -> MediaTokenVerdict:
        """What Adobe's Media Token Verifier would say, on the clock of the space."""
        body = {"token": token, "resource": resource}
        return decoded(await self._call("POST", "/media-tokens/verify", json=body), MediaTokenVerdict)

    async def revoke_access_tokens(self, client_id: str | None = None) -> int:
        """Revokes the access tokens of one client, or of all; how many."""
        body = {"client_id": client_id} if client_id else {}
        return int(_object(await self._call("POST", "/access-tokens/revoke", json=body))["revoked"])

    async def end_profiles(self, /, **match: str) -> int:
        """Ends profiles as an MVPD would (match: service_provider, mvpd, device, client_id); how many."""
        return int(_object(await self._call("POST", "/profiles/end", json=match))["ended"])

    async def spaces(self) -> list[str]:
        """The names of all spaces of the mock."""
        return await self._listed("/spaces", list[str])

    async def delete_space(self, name: str) -> None:
        """Forgets a space."""
        await self._call("DELETE", f"/spaces/{quote(name, safe='')}")

    async def _get(self, path: str, kind: type[T], params: Mapping[str, str] | None = None) -> T:
        return decoded(await self._call("GET", path, params=params), kind)

    async def _listed(self, path: str, kind: type[T], params: Mapping[str, str] | None = None) -> T:
        """What is listed under the name that the path ends with."""
        answer = await self._call("GET", path, params=params)
        return msgspec.convert(_object(answer)[path.rpartition("/")[2]], kind)

    async def _call(
        self, method: str, path: str, *, json: object = None, params: Mapping[str, str] | None = None
    ) -> httpx.Response:
        return checked(await self._send(method, path, json if method in {"POST", "PUT"} else None, params))

    async def _send(self, method: str, path: str, json: object, params: Mapping[str, str] | None) -> httpx.Response:
        return await self._http.request(method, path, json=json, params=params)


def of_space(base_url: str, name: str) -> str:
    """The address of a space of the mock that has this address."""
    return f"{base_url.partition('/~')[0]}/~{name}"


def bearer(token: str | None) -> dict[str, str]:
    """The header that carries the control token, if there is one."""
    return {"Authorization": f"Bearer {token}"} if token else {}


def event_parameters(after: str | None, view: str) -> dict[str, str]:
    return {"view": view, **({"after": after} if after is not None else {})}


def checked(answer: httpx.Response) -> httpx.Response:
    """The answer, unless it is an error; then `ControlError`."""
    if answer.is_error:
        raise (ControlTokenWanted if answer.status_code == 401 else ControlError)(_sentence(answer))
    return answer


def decoded(answer: httpx.Response, kind: type[T]) -> T:
    return msgspec.json.decode(answer.content, type=kind)


async def _events(answer: httpx.Response) -> AsyncIterator[Event]:
    reader = EventReader()
    async for line in answer.aiter_lines():
        if (event := reader.feed(line)) is not None:
            yield event


def _given(lifetime: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in lifetime.items() if value is not None}


def _object(answer: httpx.Response) -> dict[str, Any]:
    return decoded(answer, dict[str, Any])


def _sentence(answer: httpx.Response) -> str:
    try:
        return str(_object(answer)["error"])
    except (msgspec.DecodeError, KeyError):
        return f"the mock answered {answer.status_code} to {answer.request.method} {answer.request.url}"
