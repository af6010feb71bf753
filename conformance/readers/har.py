"""HAR 1.2 archives: of browsers and mitmproxy, and lossless ones of the mock and the proxy.

An archive is read entry by entry. Facts that it lacks stay empty, secrets are masked, and requests to hosts other
than Adobe Pass's are skipped.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlencode, urlsplit

import msgspec

from pass_harness.conformance.errors import ConfigError
from pass_harness.conformance.readers.adobe_hosts import Hosts
from pass_harness.conformance.readers.gzip_files import unpacked
from pass_harness.conformance.readers.json_stream import BadJson, JsonStream
from pass_harness.mock_server.adobe.headers import decode_base64, effective_ip
from pass_harness.mock_server.exchange import Exchange, ExchangeMetadata
from pass_harness.mock_server.formats.untrusted_json import UNREADABLE
from pass_harness.mock_server.journal.masking import mask_body, mask_form, mask_header
from pass_harness.mock_server.space_paths import DEFAULT_SPACE


class _Pair(msgspec.Struct, gc=False):
    name: str = ""
    value: str | None = ""


class _PostData(msgspec.Struct, gc=False):
    text: str | None = None
    params: list[_Pair] | None = None


class _Request(msgspec.Struct, gc=False, rename="camel"):
    method: str
    url: str
    headers: list[_Pair] | None = None
    post_data: _PostData | None = None


class _Content(msgspec.Struct, gc=False):
    text: str | None = None
    encoding: str | None = None


class _Response(msgspec.Struct, gc=False):
    status: int | None = None
    headers: list[_Pair] | None = None
    content: _Content | None = None


class _Entry(msgspec.Struct, gc=False, rename="camel"):
    """The members of an entry that are decoded."""

    request: _Request
    response: _Response | None = None
    started_date_time: datetime | None = None
    time: float | None = None
    connection: str | int | None = None
    server_ip_address: str | None = msgspec.field(name="serverIPAddress", default=None)
    beyond: ExchangeMetadata | None = msgspec.field(name="_exchange", default=None)


class _Address(msgspec.Struct, gc=False):
    """The method and URL of an entry that is otherwise invalid."""

    class Request(msgspec.Struct, gc=False):
        method: str = ""
        url: str = ""

    request: Request


class _BadEntry(Exception):
    """An entry that is no valid exchange; the message gives the reason."""


_NO_RESPONSE = _Response()
_ADDRESS = re.compile(r"(?:[^:/?#]+:)?(?://[^/?#]*)?([^?#]*)(?:\?([^#]*))?")
"""Path and query of a URL (RFC 3986, appendix B)."""
_ENTRY = msgspec.json.Decoder(_Entry)
_ENTRIES = msgspec.json.Decoder(list[_Entry])
_ADDRESSES = msgspec.json.Decoder(_Address)


def read_har(path: Path, hosts: Hosts) -> Iterator[Exchange]:
    """Yield the exchanges with Adobe Pass in an archive.

    An archive of the mock or the proxy has ids, endpoints and the other facts of exchanges. In any other archive the
    id is the number of the entry, and a `Recogniser` has to add the endpoint.

    Raises `ConfigError` with file and entry.
    """
    number = 0
    try:
        with unpacked(path, lambda: f"entry {number + 1}") as raw, io.TextIOWrapper(raw, "utf-8-sig") as text:
            for entry in _entries(JsonStream(text), hosts):
                number += 1
                exchange = _exchange(entry, number, hosts) if entry is not None else None
                if exchange is not None:
                    yield exchange
    except (BadJson, _BadEntry, *UNREADABLE) as error:
        where = number if isinstance(error, _BadEntry) else number + 1
        raise ConfigError(f"{path}: entry {where}: {error}; expected a HAR 1.2 archive") from error


def _entries(text: JsonStream, hosts: Hosts) -> Iterator[_Entry | None]:
    def decode(entry: str) -> _Entry | None:
        try:
            return _ENTRY.decode(entry)
        except msgspec.ValidationError:
            # An invalid entry for another host does not matter.
            request = _ADDRESSES.decode(entry).request
            if hosts.include(request.method, _split(request.url)):
                raise
            return None

    def decode_all(entries: str) -> list[_Entry | None]:
        return [*_ENTRIES.decode(entries)]

    for name in text.members():
        if name != "log":
            text.value()
            continue
        for member in text.members():
            if member == "entries":
                yield from text.elements(decode, decode_all)
            else:
                text.value()
    text.end()


def _exchange(entry: _Entry, number: int, hosts: Hosts) -> Exchange | None:
    if entry.beyond is not None:
        return _from_mock(entry, entry.beyond)
    url = _split(entry.request.url)
    return _from_browser(entry, number, url) if hosts.include(entry.request.method, url) else None


def _from_mock(entry: _Entry, beyond: ExchangeMetadata) -> Exchange:
    """Return the exchange of an entry that the mock or the proxy wrote, its secrets masked already."""
    found = _ADDRESS.match(entry.request.url)
    path, query = found.groups("") if found is not None else ("", "")
    path = unquote(path) or "/"
    if beyond.space != DEFAULT_SPACE:
        path = path.removeprefix(f"/~{beyond.space}") or "/"
    return _build(entry, beyond, _started_s(entry), path, query)


def _from_browser(entry: _Entry, number: int, url: SplitResult) -> Exchange:
    """Return the exchange of an entry that another program wrote, without the facts that a `Recogniser` adds."""
    started_s = _started_s(entry)
    server = f"{entry.server_ip_address}:{_port(url)}" if entry.server_ip_address else ""
    beyond = ExchangeMetadata(
        id=number, space=DEFAULT_SPACE, wall=started_s, lag_ms=0.0, endpoint="", peer="", ip="", server=server
    )
    response = entry.response or _NO_RESPONSE
    _mask((*(entry.request.headers or ()), *(response.headers or ())))
    exchange = _build(entry, beyond, started_s, unquote(url.path) or "/", url.query)
    return msgspec.structs.replace(
        exchange,
        query=mask_form(exchange.query),
        request_body=mask_body(exchange.request_body),
        response_body=mask_body(exchange.response_body),
        ip=effective_ip(exchange.request_headers.get("x-forwarded-for"), "unknown"),
    )


def _started_s(entry: _Entry) -> float:
    started = entry.started_date_time
    if started is None:
        raise _BadEntry("it has no startedDateTime, which the order of exchanges needs")
    return (started if started.tzinfo else started.replace(tzinfo=UTC)).timestamp()


def _build(entry: _Entry, beyond: ExchangeMetadata, started_s: float, path: str, query: str) -> Exchange:
    request, response = entry.request, entry.response or _NO_RESPONSE
    return Exchange(
        id=beyond.id,
        space=beyond.space,
        wall=beyond.wall,
        lag_ms=beyond.lag_ms,
        endpoint=beyond.endpoint,
        peer=beyond.peer,
        service_provider=beyond.service_provider,
        mvpd=beyond.mvpd,
        code=beyond.code,
        client_id=beyond.client_id,
        device=beyond.device,
        ip=beyond.ip,
        behaviours=beyond.behaviours,
        server=beyond.server,
        at=round(started_s * 1000),
        duration_ms=max(entry.time or 0.0, 0.0),
        method=request.method,
        path=path,
        query=query,
        request_headers=_headers(request.headers),
        request_body=_request_body(request.post_data),
        status=max(response.status or 0, 0),
        response_headers=_headers(response.headers),
        response_body=_response_body(response.content),
        connection="" if entry.connection is None else str(entry.connection),
    )


def _headers(pairs: Iterable[_Pair] | None) -> dict[str, str]:
    headers: dict[str, str] = {}
    for pair in pairs or ():
        name, value = _lower(pair.name), pair.value or ""
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    headers.pop("", None)
    return headers


@lru_cache(maxsize=1024)
def _lower(name: str) -> str:
    """Return the name in lower case; empty for a pseudo-header of HTTP/2, which repeats the method or the URL."""
    return "" if name.startswith(":") else name.lower()


def _mask(pairs: Iterable[_Pair]) -> None:
    """Mask the secrets of headers, each by itself, because joined cookies cannot be separated again."""
    for pair in pairs:
        pair.value = mask_header(_lower(pair.name), pair.value or "")


def _request_body(data: _PostData | None) -> str:
    if data is None:
        return ""
    return data.text or urlencode([(pair.name, pair.value or "") for pair in data.params or ()])


def _response_body(content: _Content | None) -> str:
    text = content.text if content is not None else None
    if not text or content is None or content.encoding != "base64":
        return text or ""
    return (decode_base64(text) or b"").decode("utf-8", "replace")


def _split(url: str) -> SplitResult:
    """Return the parts of a URL, empty for an invalid one."""
    try:
        return urlsplit(url)
    except ValueError:
        return urlsplit("")


def _port(url: SplitResult) -> int:
    try:
        return url.port or (443 if url.scheme == "https" else 80)
    except ValueError:
        return 0
