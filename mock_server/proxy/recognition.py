"""Recognition of exchanges with Adobe Pass from path, headers and earlier answers: endpoint, client, MVPD, device.

The mock has this in its state. A proxy, or the reader of a trace, learns it from the traffic: the client of an access
token, and device and MVPD of a code. Secrets may be masked, as equal secrets have equal masks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from pass_harness.mock_server.adobe.headers import device_identifier
from pass_harness.mock_server.bounded import Bounded
from pass_harness.mock_server.exchange import Exchange
from pass_harness.mock_server.gateway.endpoint import NO_IDENTIFIERS, Endpoint, Issues
from pass_harness.mock_server.gateway.path_tree import PathTree
from pass_harness.mock_server.journal.sent_parameters import json_object, sent_parameters
from pass_harness.mock_server.routes import ENDPOINTS, by_path
from pass_harness.mock_server.space_paths import merge_slashes, split_space

_MAX_REMEMBERED = 100_000
"""Maximum number of codes, and of access tokens."""


class _Session(NamedTuple):
    """The facts of a code."""

    mvpd: str | None
    device: str | None


class Recognised(NamedTuple):
    """The known facts of an exchange, with the names of `Exchange`."""

    endpoint: str
    service_provider: str | None
    mvpd: str | None
    code: str | None
    client_id: str | None
    device: str | None


class Recogniser:
    """A recogniser of exchanges, which must come in the order of their answers."""

    def __init__(self, endpoints: Sequence[Endpoint] = ENDPOINTS) -> None:
        self._paths = _PATHS if endpoints is ENDPOINTS else PathTree(by_path(endpoints).items())
        self._clients: Bounded[str, str] = Bounded(_MAX_REMEMBERED)
        self._sessions: Bounded[tuple[str | None, str], _Session] = Bounded(_MAX_REMEMBERED)

    def recognise(self, exchange: Exchange) -> Recognised:
        """Return the facts of an exchange, and remember those in its answer for later exchanges."""
        endpoint, values = _found(self._paths, exchange.method, exchange.path)
        sent = _identified(endpoint, exchange)
        issues = endpoint.issues if endpoint is not None else None
        answered = json_object(exchange.response_body) if issues is not None else {}
        service_provider = values.get("serviceProvider") or sent.get("service_provider")
        code = values.get("code") or _text(answered, "code") or sent.get("code")
        identifier = device_identifier(exchange.request_headers.get("ap-device-identifier"))
        device = identifier.decoded if identifier else None
        if code and exchange.status < 400 and (service_provider, code.upper()) in self._sessions:
            code = code.upper()  # Adobe Pass was seen to accept codes in lower case
        known = self._sessions.get((service_provider, code)) if code else None
        mvpd = _text(answered, "mvpd") or sent.get("mvpd") or values.get("mvpd")
        if known is not None:
            mvpd, device = mvpd or known.mvpd, known.device or device
        if code and issues is Issues.SESSION:
            self._sessions.put((service_provider, code), _Session(mvpd, device))
        return Recognised(
            endpoint=endpoint.id if endpoint is not None else "",
            service_provider=service_provider,
            mvpd=mvpd,
            code=code,
            client_id=self._client(exchange, issues, sent, answered),
            device=device,
        )

    def _client(
        self, exchange: Exchange, issues: Issues | None, sent: Mapping[str, str], answered: Mapping[str, Any]
    ) -> str | None:
        if issues is Issues.CREDENTIALS:
            return _text(answered, "client_id")
        if issues is Issues.ACCESS_TOKEN:
            client, token = sent.get("client_id"), _text(answered, "access_token")
            if client is None or token is None:
                return None
            self._clients.put(token, client)
            return client
        scheme, _, token = exchange.request_headers.get("authorization", "").partition(" ")
        return self._clients.get(token.strip()) if scheme.lower() == "bearer" else None


_PATHS = PathTree(by_path(ENDPOINTS).items())


def endpoint_of(method: str, path: str) -> str:
    """Return the id of the endpoint of a path, with or without the prefix of a space; empty without an endpoint."""
    endpoint, _ = _found(_PATHS, method, split_space(path)[2])
    return endpoint.id if endpoint is not None else ""


def _found(paths: PathTree[dict[str, Endpoint]], method: str, path: str) -> tuple[Endpoint | None, Mapping[str, str]]:
    """Return the endpoint and the path parameters; the same as in the gateway."""
    found = paths.find(merge_slashes(path).rstrip("/") or "/")
    if found is None:
        return None, {}
    endpoints, values = found
    return endpoints.get(method) or next(iter(endpoints.values())), values


def _identified(endpoint: Endpoint | None, exchange: Exchange) -> Mapping[str, str]:
    """Return the identifiers in the body and the query string of a request, by fact."""
    if endpoint is None or endpoint.identifiers is NO_IDENTIFIERS:
        return {}
    sent = sent_parameters(exchange)
    return {fact: value for fact, name in endpoint.identifiers if isinstance(value := sent.get(name), str)}


def _text(answered: Mapping[str, Any], name: str) -> str | None:
    value = answered.get(name)
    return value if isinstance(value, str) else None
