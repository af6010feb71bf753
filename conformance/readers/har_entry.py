"""The members of a HAR entry that are decoded, those of browsers and other tools (with ``_``) included."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from pass_harness.mock_server.exchange import ExchangeMetadata


class Pair(msgspec.Struct, gc=False):
    """A header or a parameter."""

    name: str = ""
    value: str | None = ""


class PostData(msgspec.Struct, gc=False, rename="camel"):
    mime_type: str | None = None
    text: str | None = None
    params: list[Pair] | None = None
    encoding: str | None = None
    comment: str | None = None
    file: str | None = msgspec.field(name="_file", default=None)


class Request(msgspec.Struct, gc=False, rename="camel"):
    method: str
    url: str
    headers: list[Pair] | None = None
    query_string: Any = None
    post_data: PostData | None = None
    body_size: float | None = None


class Content(msgspec.Struct, gc=False, rename="camel"):
    size: float | None = None
    mime_type: str | None = None
    text: str | None = None
    encoding: str | None = None
    comment: str | None = None
    file: str | None = msgspec.field(name="_file", default=None)


class Response(msgspec.Struct, gc=False, rename="camel"):
    status: int | None = None
    headers: list[Pair] | None = None
    content: Content | None = None
    body_size: float | None = None
    error: Any = msgspec.field(name="_error", default=None)
    """Chrome, Safari, mitmproxy."""
    failure_text: Any = msgspec.field(name="_failureText", default=None)
    """Playwright."""
    fetched_via_service_worker: Any = msgspec.field(name="_fetchedViaServiceWorker", default=None)
    """Chrome."""


class Entry(msgspec.Struct, gc=False, rename="camel"):
    request: Request
    response: Response | None = None
    started_date_time: str | None = None
    time: float | None = None
    connection: str | float | None = None
    server_ip_address: str | None = msgspec.field(name="serverIPAddress", default=None)
    beyond: ExchangeMetadata | None = msgspec.field(name="_exchange", default=None)
    """The facts that only the mock and the proxy write."""
    cache: Any = None
    from_cache: Any = msgspec.field(name="_fromCache", default=None)
    """Chrome: memory, disk or prefetch."""
    fetched_via_service_worker: Any = msgspec.field(name="_fetchedViaServiceWorker", default=None)
    fetch_type: Any = msgspec.field(name="_fetchType", default=None)
    """Safari: Network Load, Memory Cache, Disk Cache, Service Worker or Inspector Override."""
    error: Any = msgspec.field(name="_error", default=None)
    was_fulfilled: Any = msgspec.field(name="_wasFulfilled", default=None)
    """Playwright: the test answered the request itself."""
    was_aborted: Any = msgspec.field(name="_wasAborted", default=None)
    """Playwright: the test stopped the request."""


def lenient(text: str) -> Any:  # noqa: ANN401 - any JSON
    """Return the value of a JSON text that strict decoders refuse.

    Lone surrogates, which browsers export from bodies that they cut, become U+FFFD. NaN and infinity become None, and
    control characters are allowed. Raises `ValueError` or `RecursionError` for anything else.
    """
    return _readable(json.loads(text, strict=False, parse_constant=lambda _: None))


def _readable(value: Any) -> Any:  # noqa: ANN401 - any JSON
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_readable(item) for item in value]
    if isinstance(value, dict):
        return {_readable(name): _readable(item) for name, item in value.items()}
    return value
