"""Routes of the OpenAPI documents of a space, without journal entry and rate limit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route


def openapi_route(path: str, document: Callable[[str], dict[str, Any]]) -> Route:
    """Return the route of a document, which is a function of the URL of its server: the prefix of the space."""

    async def serve(request: Request) -> Response:
        prefix: str = request.scope["space_prefix"]
        # In a thread, because other requests must not wait for a document that is generated.
        content = msgspec.json.encode(await run_in_threadpool(document, prefix or "/"))
        # Pages of any origin can read it, for viewers of OpenAPI documents that run in browsers.
        return Response(content, media_type="application/json", headers={"access-control-allow-origin": "*"})

    return Route(path, serve, methods=["GET"])
