"""HAR 1.2: archives of browsers and mitmproxy, and those of the mock and the proxy, which lose nothing.

Read entry by entry. What a HAR does not tell is left empty, secrets are masked, and requests that are not to Adobe
Pass are passed over.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlencode, urlsplit

import msgspec

from conformance.adobe_hosts import Hosts
from conformance.errors import ConfigError
from conformance.readers.json_text import BadJson, JsonText
from conformance.readers.unpacking import unpacked
from mock_server.exchange import Beyond, Exchange
from mock_server.foreign_json import UNREADABLE
from mock_server.headers import decode_base64, effective_ip
from mock_server.masking import mask_body, mask_form, mask_header
from mock_server.spaces import DEFAULT_SPACE


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
    """What is needed of an entry; the rest is not even decoded."""

    request: _Request
    response: _Response | None = None
    started_date_time: datetime | None = None
    time: float | None = None
    connection: str | int | None = None
    server_ip_address: str | None = msgspec.field(name="serverIPAddress", default=None)
    beyond: Beyond | None = msgspec.field(name="_exchange", default=None)


class _Addressed(msgspec.Struct, gc=False):
    """An entry of which nothing but the address is known to be right."""

    class Request(msgspec.Struct, gc=False):
        method: str = ""
        url: str = ""

    request: Request


class _BadEntry(Exception):
    """The entry cannot be read as an exchange; the sentence says why."""


_ENTRIES = msgspec.json.Decoder(_Entry)
_ADDRESSES = msgspec.json.Decoder(_Addressed)


def read_har(path: Path, hosts: Hosts) -> Iterator[Exchange]:
    """The exchanges with Adobe Pass in an archive; the number of the entry is the id unless it tells another.

    Only an archive of the mock or the proxy tells the endpoint and what else a `Recogniser` finds out. Raises
    `ConfigError` naming file and entry where it cannot be read.
    """
    number = 0
    try:
        with unpacked(path, lambda: f"entry {number + 1}") as raw, io.TextIOWrapper(raw, "utf-8-sig") as text:
            for entry in _entries(JsonText(text), hosts):
                number += 1
                exchange = _exchange(entry, number, hosts) if entry is not None else None
                if exchange is not None:
                    yield exchange
    except (BadJson, _BadEntry, *UNREADABLE) as error:
        where = number if isinstance(error, _BadEntry) else number + 1
        raise ConfigError(f"{path}: entry {where}: {error}; a HAR 1.2 archive was expected") from error


def _entries(text: JsonText, hosts: Hosts) -> Iterator[_Entry | None]:
    def decode(entry: str) -> _Entry | None:
        try:
            return _ENTRIES.decode(entry)
        except msgspec.ValidationError:
            # Whatever is wrong with a request that is none of ours does no harm.
            request = _ADDRESSES.decode(entry).request
            if hosts.include(request.method, _split(request.url)):
                raise
            return None

    for name in text.members():
        if name != "log":
            text.value()
            continue
        for member in text.members():
            if member == "entries":
                yield from text.elements(decode)
            else:
                text.value()
    text.end()


def _exchange(entry: _Entry, number: int, hosts: Hosts) -> Exchange | None:
    request, response = entry.request, entry.response or _Response()
    url = _split(request.url)
    beyond = entry.beyond
    if beyond is None and not hosts.include(request.method, url):
        return None
    if entry.started_date_time is None:
        raise _BadEntry("it has no startedDateTime, so it cannot be put in order")
    headers = _headers(request.headers)
    started = entry.started_date_time
    began = (started if started.tzinfo else started.replace(tzinfo=UTC)).timestamp()
    path = unquote(url.path) or "/"
    if beyond is None:
        server = f"{entry.server_ip_address}:{_port(url)}" if entry.server_ip_address else ""
        beyond = _foreign(number, began, effective_ip(headers.get("x-forwarded-for"), "unknown"), server)
    elif beyond.space != DEFAULT_SPACE:
        path = path.removeprefix(f"/~{beyond.space}") or "/"
    return Exchange(
        at=round(began * 1000),
        duration_ms=max(entry.time or 0.0, 0.0),
        method=request.method,
        path=path,
        query=mask_form(url.query),
        request_headers=headers,
        request_body=mask_body(_sent(request.post_data)),
        status=max(response.status or 0, 0),
        response_headers=_headers(response.headers),
        response_body=mask_body(_told(response.content)),
        connection="" if entry.connection is None else str(entry.connection),
        **msgspec.structs.asdict(beyond),
    )


def _foreign(number: int, began: float, ip: str, server: str) -> Beyond:
    """What an archive leaves out that neither the mock nor the proxy wrote; a `Recogniser` finds out more."""
    return Beyond(id=number, space=DEFAULT_SPACE, wall=began, lag_ms=0.0, endpoint="", peer="", ip=ip, server=server)


def _headers(pairs: Iterable[_Pair] | None) -> dict[str, str]:
    headers: dict[str, str] = {}
    for pair in pairs or ():
        name = pair.name.lower()
        if name.startswith(":"):
            continue  # of HTTP/2: the method and the address once more
        value = mask_header(name, pair.value or "")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def _sent(data: _PostData | None) -> str:
    if data is None:
        return ""
    return data.text or urlencode([(pair.name, pair.value or "") for pair in data.params or ()])


def _told(content: _Content | None) -> str:
    text = content.text if content is not None else None
    if not text or content is None or content.encoding != "base64":
        return text or ""
    return (decode_base64(text) or b"").decode("utf-8", "replace")


def _split(url: str) -> SplitResult:
    """The parts of an address; empty ones where it is none."""
    try:
        return urlsplit(url)
    except ValueError:
        return urlsplit("")


def _port(url: SplitResult) -> int:
    try:
        return url.port or (443 if url.scheme == "https" else 80)
    except ValueError:
        return 0
