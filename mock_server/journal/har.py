"""Exchanges as HAR 1.2, which browsers' network tabs and other tools import (docs/reference/har.md).

The member ``_exchange`` of each entry has the fields that HAR lacks, and ``_stalls`` of the log has the stalls of the
mock, so the export is lossless. One entry per line.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from importlib.metadata import version
from typing import Any
from urllib.parse import parse_qsl, quote

import msgspec

from pass_harness.mock_server.exchange import Exchange, ExchangeMetadata, Stall
from pass_harness.mock_server.space_paths import DEFAULT_SPACE

_HEAD = {"version": "1.2", "creator": {"name": "Pass Harness", "version": version("pass-harness")}}
_PATH_CHARACTERS = "/~:@!$&'()*+,;="
_QUERY_CHARACTERS = _PATH_CHARACTERS + "?%"
_NEXT_COOKIE = re.compile(r", (?=[^\s=;,]+=)")
_ENCODER = msgspec.json.Encoder()
_CHUNK_BYTES = 65_536
_HTTP_VERSION = "HTTP/1.1"


class _Part(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    pass


class NameValue(_Part, frozen=True, kw_only=True):
    """A header, a cookie or a parameter of the query string."""

    name: str
    value: str


class PostData(_Part, frozen=True, kw_only=True):
    mime_type: str
    text: str


class Request(_Part, frozen=True, kw_only=True):
    method: str
    url: str
    http_version: str = _HTTP_VERSION
    cookies: list[NameValue]
    headers: list[NameValue]
    query_string: list[NameValue]
    post_data: PostData | msgspec.UnsetType
    headers_size: int = -1
    body_size: int


class Content(_Part, frozen=True, kw_only=True):
    size: int
    mime_type: str
    text: str


class Response(_Part, frozen=True, kw_only=True):
    status: int
    status_text: str
    http_version: str = _HTTP_VERSION
    cookies: list[NameValue]
    headers: list[NameValue]
    content: Content
    redirect_url: str = msgspec.field(name="redirectURL")
    headers_size: int = -1
    body_size: int


class Timings(_Part, frozen=True, kw_only=True):
    """Timings; the mock measures only ``wait``, from the arrival of the request to the response, in ms."""

    send: float = 0
    wait: float
    receive: float = 0


class Entry(_Part, frozen=True, kw_only=True):
    """One exchange."""

    started_date_time: str
    time: float
    request: Request
    response: Response
    cache: dict[str, Any] = {}
    timings: Timings
    server_ip_address: str | msgspec.UnsetType = msgspec.field(name="serverIPAddress")
    connection: str
    metadata: ExchangeMetadata = msgspec.field(name="_exchange")


async def har(exchanges: AsyncIterable[Exchange], scheme: str, stalls: Sequence[Stall] = ()) -> AsyncIterator[bytes]:
    """Yield a HAR document in chunks; ``scheme`` is that of the URLs, http or https."""
    chunk = bytearray(_ENCODER.encode({"log": {**_HEAD, "_stalls": stalls}})[:-2] + b',"entries":[')
    separator = b"\n"
    async for exchange in exchanges:
        chunk += separator + _ENCODER.encode(entry_of(exchange, scheme))
        separator = b",\n"
        if len(chunk) >= _CHUNK_BYTES:
            yield bytes(chunk)
            chunk.clear()
    yield bytes(chunk) + b"\n]}}\n"


def entry_of(exchange: Exchange, scheme: str) -> Entry:
    host, _, _ = exchange.server.rpartition(":")
    return Entry(
        started_date_time=datetime.fromtimestamp(exchange.at / 1000, UTC).isoformat(timespec="milliseconds"),
        time=exchange.duration_ms,
        request=_request(exchange, scheme),
        response=_response(exchange),
        timings=Timings(wait=exchange.duration_ms),
        server_ip_address=host.strip("[]") or msgspec.UNSET,
        connection=exchange.connection,
        metadata=msgspec.convert(exchange, ExchangeMetadata, from_attributes=True),
    )


def _request(exchange: Exchange, scheme: str) -> Request:
    headers, body = exchange.request_headers, exchange.request_body
    kind = headers.get("content-type", "")
    return Request(
        method=exchange.method,
        url=_url(exchange, scheme),
        cookies=_cookies(headers.get("cookie", "").split("; ")),
        headers=_pairs(headers.items()),
        query_string=_pairs(parse_qsl(exchange.query, keep_blank_values=True)),
        post_data=PostData(mime_type=kind, text=body) if body else msgspec.UNSET,
        body_size=_size(headers, body),
    )


def _response(exchange: Exchange) -> Response:
    headers, body = exchange.response_headers, exchange.response_body
    transferred = _size(headers, body)
    return Response(
        status=exchange.status,
        status_text=_phrase(exchange.status),
        cookies=_cookies(_NEXT_COOKIE.split(headers.get("set-cookie", ""))),
        headers=_pairs(headers.items()),
        content=Content(
            size=len(body.encode()) if "content-encoding" in headers else transferred,
            mime_type=headers.get("content-type", ""),
            text=body,
        ),
        redirect_url=headers.get("location", ""),
        body_size=transferred,
    )


def _url(exchange: Exchange, scheme: str) -> str:
    host = exchange.request_headers.get("host") or exchange.server or "localhost"
    prefix = "" if exchange.space == DEFAULT_SPACE else f"/~{exchange.space}"
    query = f"?{quote(exchange.query, _QUERY_CHARACTERS)}" if exchange.query else ""
    return f"{scheme}://{host}{prefix}{quote(exchange.path, _PATH_CHARACTERS)}{query}"


def _cookies(written: Iterable[str]) -> list[NameValue]:
    """Return names and (masked) values of cookies; the attributes of a Set-Cookie are in its header."""
    found = (cookie.split(";", 1)[0].partition("=") for cookie in written)
    return [NameValue(name=name.strip(), value=value) for name, equals, value in found if equals]


def _pairs(pairs: Iterable[tuple[str, str]]) -> list[NameValue]:
    return [NameValue(name=name, value=value) for name, value in pairs]


def _size(headers: dict[str, str], body: str) -> int:
    """Return the number of bytes of a body on the wire; the journal's copy is masked and may be truncated."""
    length = headers.get("content-length", "")
    return int(length) if length.isascii() and length.isdigit() and len(length) < 19 else len(body.encode())


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
