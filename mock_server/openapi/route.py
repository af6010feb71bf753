"""GET /openapi.json: the OpenAPI document of a space, without journal entry and rate limit."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from pass_harness.mock_server.gateway.endpoint import Endpoint
from pass_harness.mock_server.openapi.document import document


def openapi_route(endpoints: Sequence[Endpoint]) -> Route:
    """Return the route of the document."""

    async def serve(request: Request) -> Response:
        prefix: str = request.scope["space_prefix"]
        content = msgspec.json.encode(document(endpoints, prefix or "/"))
        # Pages of any origin can read it, for viewers of OpenAPI documents that run in browsers.
        return Response(content, media_type="application/json", headers={"access-control-allow-origin": "*"})

    return Route("/openapi.json", serve, methods=["GET"])
