"""Cross-origin calls: browser apps call Adobe Pass from pages of their own.

Every answer carries the headers that Adobe's 429 sample shows (source: Throttling mechanism, API response changes
and response); the origin is echoed where there is one, as credentials are allowed and a browser then takes no ``*``.
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
    """Lets pages of that origin read the answer."""
    response.raw_headers.extend(_RAW_HEADERS)
    if origin is not None:
        response.raw_headers.append((b"access-control-allow-origin", origin.encode("latin-1")))
        response.headers.add_vary_header("Origin")


async def _preflight(_: Call) -> Response:
    return Response(status_code=200)


PREFLIGHT = Endpoint("cors.preflight", "OPTIONS", "", _preflight, family=PREFLIGHTS, needs_token=False)
"""Answers OPTIONS on every path that pages of other origins may call. It has an id of its own, so that rules and
behaviours for an endpoint do not match its preflights."""
