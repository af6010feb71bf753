"""A typed asyncio client of the control API. `SyncControlClient` (sync_client.py) has the same calls for other code.

Each method is one call of the table in docs/reference/control-api.md. An error of the mock (4xx) raises
`ControlError` with the sentence of the mock; a mock that cannot be reached raises `httpx.TransportError`.
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
    ListedSsoProfile,
    MediaTokenVerdict,
)
from pass_harness.mock_server.client.sse import EventReader
from pass_harness.mock_server.client.tls_trust import tls_context
from pass_harness.mock_server.exchange import Stall

T = TypeVar("T")
MOST_BYTES_OF_HEALTH = 65_536
"""Maximum size of the first answer: at the address there may be another server than a mock."""


class ControlError(Exception):
    """The mock refused a control call; the message comes from the mock."""


class ControlTokenRequired(ControlError):
    """The mock refused a control call because the control token is missing or wrong (HTTP 401)."""


class ControlClient:
    """An asyncio client of the control API of one space.

    ``base_url`` is the base URL that the service under test uses, with the prefix of the space:
    ``http://127.0.0.1:8300/~build-42``. ``token`` is the control token, ``timeout`` a number of seconds. ``verify``
    is an SSL context that trusts the CA of a mock with TLS, unless SSL_CERT_FILE names that CA.
    """

    def __init__(
        self, base_url: str, *, token: str | None = None, timeout: float = 10.0, verify: ssl.SSLContext | bool = True
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self._token, self._verify = token, tls_context() if verify is True else verify
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
        """Close the connections."""
        await self._http.aclose()

    def of_space(self, name: str) -> ControlClient:
        """Return a client of another space of the same mock."""
        return ControlClient(of_space(self.base_url, name), token=self._token, verify=self._verify)

    async def health(self) -> Health:
        """Return the status of the mock and the times of its clocks."""
        return decoded(checked(await self._send_bounded("GET", "/health", MOST_BYTES_OF_HEALTH)), Health)

    async def reset(self) -> None:
        """Reset the space: state, behaviours, clock and journal."""
        await self._call("POST", "/reset")

    async def catalogue(self) -> dict[str, Any]:
        """Return the catalogue, with the integrations that are enabled."""
        return await self._get("/catalogue", dict[str, Any])

    async def set_integration(
        self,
        service_provider: str,
        mvpd: str,
        *,
        enabled: bool | None = None,
        home_based_authentication: bool | None = None,
    ) -> None:
        """Enable or disable the integration of a service provider with an MVPD, or its home-based authentication."""
        path = f"/integrations/{quote(service_provider, safe='')}/{quote(mvpd, safe='')}"
        given = {"enabled": enabled, "home_based_authentication": home_based_authentication}
        await self._call("PUT", path, json={name: value for name, value in given.items() if value is not None})

    async def set_application(self, application: str = "default", *, approved: bool) -> int:
        """Approve an application or revoke it with its software statement; return the number of clients ended.

        Clients stay ended after a later approval, with their access tokens and profiles.
        """
        path = f"/applications/{quote(application, safe='')}"
        return int(_object(await self._call("PUT", path, json={"approved": approved}))["ended"])

    async def software_statement(self, application: str = "default") -> str:
        """Return a software statement of an application, for dynamic client registration."""
        answer = await self._call("GET", "/software-statement", params={"application": application})
        return answer.text.strip()

    async def exchanges(self, /, *, after: int = 0, limit: int = 1000, **filters: str) -> ExchangePage:
        """Return the exchanges after the one with id ``after``, oldest first; filters as in the control API."""
        return await self._get("/exchanges", ExchangePage, {"after": str(after), "limit": str(limit), **filters})

    async def har(self, /, **filters: str) -> bytes:
        """Return the journal as a HAR 1.2 file; filters as in the control API."""
        return (await self._call("GET", "/exchanges.har", params=filters)).content

    async def replay_exchange(self, exchange: int) -> int:
        """Send the request of an exchange to the mock again; return the id of the new exchange."""
        return int(_object(await self._call("POST", f"/exchanges/{exchange}/replay"))["id"])

    async def clear_exchanges(self) -> None:
        """Empty the journal."""
        await self._call("DELETE", "/exchanges")

    @asynccontextmanager
    async def events(self, *, after: str | None = None, view: str = "full") -> AsyncIterator[AsyncIterator[Event]]:
        """Stream exchanges and findings as they happen, without end: ``async with control.events() as events``."""
        async with self._http.stream("GET", "/events", params=event_parameters(after, view), timeout=None) as answer:
            if answer.is_error:
                await answer.aread()
            yield _events(checked(answer))

    async def findings(self) -> Findings:
        """Return the findings of the live rules so far."""
        return await self._get("/findings", Findings)

    async def metrics(self) -> str:
        """Return the metrics of the whole mock in Prometheus text format."""
        return (await self._call("GET", "/metrics")).text

    async def stalls(self) -> list[Stall]:
        """Return the latest stalls of the whole mock, oldest first: times in which requests waited for it."""
        return await self._listed("/stalls", list[Stall])

    async def clock(self) -> ClockState:
        """Return the time of the space."""
        return await self._get("/clock", ClockState)

    async def advance(self, duration: str) -> int:
        """Advance the clock of the space by a duration (``"30m"``) and return the new time (ms since the epoch)."""
        answer = await self._call("POST", "/clock", json={"advance": duration})
        return decoded(answer, ClockState).now

    async def sessions(self, *, limit: int = 100, after: int = 0) -> list[ListedSession]:
        """Return up to ``limit`` sessions after the first ``after``, the latest changed first."""
        return await self._listed("/sessions", list[ListedSession], _page(limit, after))

    async def sso_profiles(self, *, limit: int = 100, after: int = 0) -> list[ListedSsoProfile]:
        """Return SSO profiles of the SSO Service with their devices, as `sessions`."""
        return await self._listed("/sso-profiles", list[ListedSsoProfile], _page(limit, after))

    async def login(self, code: str, username: str | None = None) -> None:
        """Complete the login of a code without a browser; without ``username``, as the default subscriber."""
        body = {"username": username} if username else {}
        await self._call("POST", f"/sessions/{quote(code, safe='')}/login", json=body)

    async def buckets(self, *, limit: int = 100, after: int = 0) -> list[Bucket]:
        """Return the rate limit buckets that are not full, the emptiest first.

        They are those of up to ``limit`` addresses after the first ``after``, that of the latest request first.
        """
        return await self._listed("/buckets", list[Bucket], _page(limit, after))

    async def behaviours(self) -> list[ListedBehaviour]:
        """Return all behaviours of the space, with their hits."""
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
        """Add a behaviour and return its id."""
        lifetime = {"times": times, "for": for_, "after": after, "probability": probability, "seed": seed}
        body = {"match": match or {}, "effect": effect, **_without_none(lifetime)}
        return str(_object(await self._call("POST", "/behaviours", json=body))["id"])

    async def add_preset(
        self, preset: str, match: Mapping[str, str] | None = None, *, for_: str | None = None
    ) -> list[str]:
        """Add the behaviours of a preset and return their ids."""
        body = {"preset": preset, "match": match or {}, **_without_none({"for": for_})}
        ids: list[str] = _object(await self._call("POST", "/behaviours", json=body))["ids"]
        return ids

    async def switch_behaviour(self, behaviour: str, *, enabled: bool) -> None:
        """Disable or enable a behaviour; its hits and its end stay the same."""
        await self._call("PUT", f"/behaviours/{quote(behaviour, safe='')}", json={"enabled": enabled})

    async def remove_behaviour(self, behaviour: str) -> None:
        """Remove a behaviour."""
        await self._call("DELETE", f"/behaviours/{quote(behaviour, safe='')}")

    async def presets(self) -> dict[str, str]:
        """Return the descriptions of the presets, by name."""
        return await self._get("/presets", dict[str, str])

    async def data_centres(self) -> DataCentresState:
        """Return the simulated data centres; ControlError if the mock has one only."""
        return await self._get("/data-centres", DataCentresState)

    async def fail_over(self) -> DataCentresState:
        """Make the next data centre the active one."""
        return decoded(await self._call("POST", "/data-centres/fail-over"), DataCentresState)

    async def public_keys(self) -> dict[str, Any]:
        """Return the public keys of the space as a JSON Web Key Set."""
        return await self._get("/keys", dict[str, Any])

    async def rotate_key(self, key: str) -> str:
        """Replace the ``media_token`` or ``authorization_server`` key of the space; return the new key id (kid)."""
        return str(_object(await self._call("POST", "/keys/rotate", json={"key": key}))["kid"])

    async def verify_media_token(self, token: str, resource: str | None = None) -> MediaTokenVerdict:
        """Return the verdict of Adobe's Media Token Verifier at the time of the space."""
        body = {"token": token, "resource": resource}
        return decoded(await self._call("POST", "/media-tokens/verify", json=body), MediaTokenVerdict)

    async def revoke_access_tokens(self, client_id: str | None = None) -> int:
        """Revoke the access tokens of one client or of all clients, and return their number."""
        body = {"client_id": client_id} if client_id else {}
        return int(_object(await self._call("POST", "/access-tokens/revoke", json=body))["revoked"])

    async def end_profiles(self, /, **match: str) -> int:
        """End profiles as an MVPD would, and return their number.

        ``match`` selects them: service_provider, mvpd, device, client_id.
        """
        return int(_object(await self._call("POST", "/profiles/end", json=match))["ended"])

    async def spaces(self) -> list[str]:
        """Return the names of all spaces of the mock."""
        return await self._listed("/spaces", list[str])

    async def delete_space(self, name: str) -> None:
        """Delete a space with all its state."""
        await self._call("DELETE", f"/spaces/{quote(name, safe='')}")

    async def _get(self, path: str, kind: type[T], params: Mapping[str, str] | None = None) -> T:
        return decoded(await self._call("GET", path, params=params), kind)

    async def _listed(self, path: str, kind: type[T], params: Mapping[str, str] | None = None) -> T:
        """Return the list in the answer; its member has the last segment of the path as its name."""
        answer = await self._call("GET", path, params=params)
        return msgspec.convert(_object(answer)[path.rpartition("/")[2]], kind)

    async def _call(
        self, method: str, path: str, *, json: object = None, params: Mapping[str, str] | None = None
    ) -> httpx.Response:
        return checked(await self._send(method, path, json if method in {"POST", "PUT"} else None, params))

    async def _send(self, method: str, path: str, json: object, params: Mapping[str, str] | None) -> httpx.Response:
        return await self._http.request(method, path, json=json, params=params)

    async def _send_bounded(self, method: str, path: str, most_bytes: int) -> httpx.Response:
        async with self._http.stream(method, path) as answer:
            body = bytearray()
            async for chunk in answer.aiter_raw():
                body += chunk
                require_size(body, most_bytes)
        return whole(answer, body)


def of_space(base_url: str, name: str) -> str:
    """Return the base URL of a space of the mock with this base URL."""
    return f"{base_url.partition('/~')[0]}/~{name}"


def bearer(token: str | None) -> dict[str, str]:
    """Return the Authorization header for a control token; empty without one."""
    return {"Authorization": f"Bearer {token}"} if token else {}


def event_parameters(after: str | None, view: str) -> dict[str, str]:
    """Return the query parameters of GET /_mock/events."""
    return {"view": view, **({"after": after} if after is not None else {})}


def checked(answer: httpx.Response) -> httpx.Response:
    """Return the answer; ControlError if it is an error."""
    if answer.is_error:
        raise (ControlTokenRequired if answer.status_code == 401 else ControlError)(_sentence(answer))
    return answer


def require_size(body: bytearray, most_bytes: int) -> None:
    """Raise ControlError for an answer of more than ``most_bytes``."""
    if len(body) > most_bytes:
        raise ControlError(f"the answer has more than {most_bytes} bytes, so it is not that of a mock")


def whole(answer: httpx.Response, body: bytearray) -> httpx.Response:
    """Return a streamed answer with its body, as received: a mock does not compress."""
    return httpx.Response(answer.status_code, content=bytes(body), request=answer.request)


def decoded(answer: httpx.Response, kind: type[T]) -> T:
    """Return the JSON body of an answer as a struct."""
    return msgspec.json.decode(answer.content, type=kind)


async def _events(answer: httpx.Response) -> AsyncIterator[Event]:
    reader = EventReader()
    async for line in answer.aiter_lines():
        if (event := reader.feed(line)) is not None:
            yield event


def _without_none(members: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in members.items() if value is not None}


def _object(answer: httpx.Response) -> dict[str, Any]:
    return decoded(answer, dict[str, Any])


def _sentence(answer: httpx.Response) -> str:
    try:
        return str(_object(answer)["error"])
    except (msgspec.DecodeError, KeyError):
        return f"the mock answered {answer.status_code} to {answer.request.method} {answer.request.url}"


def _page(limit: int, after: int) -> dict[str, str]:
    return {"limit": str(limit), "after": str(after)}
