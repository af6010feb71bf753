"""Cross-origin resource sharing (CORS), for browser apps that call Adobe Pass from their own pages.

Every answer has the headers of Adobe's 429 sample (source: Throttling mechanism, API response changes and response).
The answer repeats the origin of the request: with credentials, browsers do not accept ``*``.
"""

from __future__ import annotations

from starlette.responses import Response

from pass_harness.mock_server.gateway.call import Call
from pass_harness.mock_server.gateway.endpoint import PREFLIGHTS, Endpoint

CORS_HEADERS = {
    "access-control-allow-credentials": "true",
    "access-control-allow-methods": "POST,GET,OPTIONS,DELETE",
    "access-control-allow-headers": (
        "ap_11,ap_42,ap_z,ap_19,ap_21,ap_23,authorization,content-type,pass_sfp,AP-Session-Identifier,"
        "AP-Device-Identifier,AP-SDK-Identifier,X-Device-Info"
    ),
    "access-control-expose-headers": "pass_sfp,Authzf-Error-Code,Authzf-Sub-Error-Code,Authzf-Error-Details",
}
_RAW_HEADERS = [(name.encode(), value.encode()) for name, value in CORS_HEADERS.items()]


def allow_origin(response: Response, origin: str | None) -> None:
    """Add the CORS headers that allow pages of an origin to read the response."""
    response.raw_headers.extend(_RAW_HEADERS)
    if origin is not None:
        response.raw_headers.append((b"access-control-allow-origin", origin.encode("latin-1")))
        response.headers.add_vary_header("Origin")


async def _preflight(_: Call) -> Response:
    return Response(status_code=200)


PREFLIGHT = Endpoint("cors.preflight", "OPTIONS", "", _preflight, family=PREFLIGHTS, needs_token=False)
"""Endpoint that answers OPTIONS on every path that pages of other origins may call. It has its own id, so that rules
and behaviours for an endpoint do not match its preflights."""
