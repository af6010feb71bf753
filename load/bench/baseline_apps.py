"""The baselines of the benchmark: apps with fixed responses on the same server as the mock."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import uvicorn
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from pass_harness.mock_server.server.serve import listen, server_config
from pass_harness.mock_server.signing.keys import KeyName, default_keys
from pass_harness.mock_server.transport.http_protocol import BoundedProtocol


class Canned(msgspec.Struct, frozen=True, kw_only=True):
    """A recorded response of the mock to one call."""

    method: str
    path: str
    status: int
    headers: dict[str, str]
    body: bytes
    signed_with: KeyName | None = None
    """The key of the mock that signed part of the response."""


STOCK = "stock"
"""The kind of the app of `plain` that uvicorn serves with its own protocol, without that of the mock."""
READY = Canned(method="GET", path="/ready", status=200, headers={}, body=b"ready")


def plain(answers: list[Canned]) -> ASGIApp:
    """Return an ASGI app without a framework: the minimum work for uvicorn."""
    return _asgi_app(answers, lambda _: None)


def signing(answers: list[Canned]) -> ASGIApp:
    """Return the app of `plain` with the signature that the mock makes for each response."""
    keys = default_keys()

    def sign(canned: Canned) -> None:
        if canned.signed_with is not None:
            keys.signing(canned.signed_with).sign(canned.body, PKCS1v15(), SHA256())

    return _asgi_app(answers, sign)


def _asgi_app(answers: list[Canned], work: Callable[[Canned], None]) -> ASGIApp:
    by_request = {(canned.method, canned.path): (canned, _raw_headers(canned)) for canned in answers}

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        canned, headers = by_request[scope["method"], scope["path"]]
        while (await receive()).get("more_body"):
            pass
        work(canned)
        await send({"type": "http.response.start", "status": canned.status, "headers": headers})
        await send({"type": "http.response.body", "body": canned.body})

    return app


def _raw_headers(canned: Canned) -> list[tuple[bytes, bytes]]:
    headers = {**canned.headers, "content-length": str(len(canned.body))}
    return [(name.encode(), value.encode()) for name, value in headers.items()]


def starlette(answers: list[Canned]) -> ASGIApp:
    """Return a Starlette app: the cost of the framework without the mock."""
    return Starlette(routes=[_route(canned) for canned in answers])


def _route(canned: Canned) -> Route:
    async def reply(request: Request) -> Response:
        await request.body()
        return Response(canned.body, canned.status, canned.headers)

    return Route(canned.path, reply, methods=[canned.method])


KINDS: dict[str, Callable[[list[Canned]], ASGIApp]] = {
    "plain": plain,
    STOCK: plain,
    "starlette": starlette,
    "signing": signing,
}


def serve(kind: str, answers: Path, port: int) -> None:
    """Serve the responses of a JSON file on 127.0.0.1 until terminated."""
    canned = msgspec.json.decode(answers.read_bytes(), type=list[Canned])
    app = KINDS[kind]([READY, *canned])
    config = server_config(app, "httptools" if kind == STOCK else BoundedProtocol, lifespan="off")
    uvicorn.Server(config).run(sockets=[listen("127.0.0.1", port)])


if __name__ == "__main__":
    # python -m pass_harness.load.bench.baseline_apps KIND ANSWERS --port PORT, as ratios.py starts it
    serve(sys.argv[1], Path(sys.argv[2]), int(sys.argv[4]))
