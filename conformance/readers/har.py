"""HAR 1.2 archives: of browsers and mitmproxy, and lossless ones of the mock and the proxy.

An archive is read entry by entry. Facts that it lacks stay empty, secrets are masked, and requests to hosts other
than Adobe Pass's are skipped.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlencode, urlsplit

import msgspec

from pass_harness.conformance.errors import ConfigError
from pass_harness.conformance.readers.adobe_hosts import Hosts, environment_of
from pass_harness.conformance.readers.archive_times import inexactness_ms
from pass_harness.conformance.readers.gzip_files import unpacked
from pass_harness.conformance.readers.har_bodies import Body, request_body, response_body
from pass_harness.conformance.readers.har_entry import Entry, Pair, Request, Response, lenient
from pass_harness.conformance.readers.json_stream import BadJson, JsonStream
from pass_harness.conformance.readers.never_sent import never_sent
from pass_harness.conformance.readers.redaction import CHECKED, REMEDY, is_placeholder, is_redacted
from pass_harness.conformance.readers.remarks import Remarks
from pass_harness.mock_server.adobe.headers import effective_ip
from pass_harness.mock_server.exchange import BodyName, Exchange, ExchangeMetadata, Stall
from pass_harness.mock_server.formats.untrusted_json import UNREADABLE
from pass_harness.mock_server.journal.masking import Masker
from pass_harness.mock_server.space_paths import DEFAULT_SPACE, merge_slashes, split_space


class _BadEntry(Exception):
    """An entry that is no valid exchange; the message gives the reason."""


@dataclass
class _Archive:
    """The facts of an archive that the reading of its entries depends on."""

    masker: Masker = field(default_factory=Masker)
    creator: str = ""
    """Name of the program that wrote the archive."""


_NO_RESPONSE = Response()
_ISSUING = "/o/client/"
"""Beginning of the paths whose responses issue client secrets and access tokens."""
_ADDRESS = re.compile(r"(?:[^:/?#]+:)?(?://[^/?#]*)?([^?#]*)(?:\?([^#]*))?")
"""Path and query of a URL (RFC 3986, appendix B)."""
_ENTRY = msgspec.json.Decoder(Entry)
_ENTRIES = msgspec.json.Decoder(list[Entry])


def read_har(
    path: Path, hosts: Hosts, remarks: Remarks | None = None, length: int | None = None
) -> Iterator[Exchange]:
    """Yield the exchanges with Adobe Pass in an archive, or in its first ``length`` bytes.

    The stalls of an archive of the mock or the proxy go into ``remarks``.

    An archive of the mock or the proxy has ids, endpoints and the other facts of exchanges. In any other archive the
    id is the number of the entry, and a `Recogniser` has to add the endpoint.

    Raises `ConfigError` with file and entry.
    """
    number = 0
    archive = _Archive()
    try:
        with (
            unpacked(path, lambda: f"entry {number + 1}", length) as raw,
            io.TextIOWrapper(raw, "utf-8-sig") as text,
        ):
            for entry in _entries(JsonStream(text), archive, hosts, remarks or Remarks()):
                number += 1
                exchange = _exchange(entry, number, hosts, archive) if entry is not None else None
                if exchange is not None:
                    yield exchange
    except _BadEntry as error:
        raise ConfigError(f"{path}: entry {number}: {error}") from error
    except (BadJson, *UNREADABLE) as error:
        raise ConfigError(f"{path}: entry {number + 1}: {error}; expected a HAR 1.2 archive") from error


def _entries(text: JsonStream, archive: _Archive, hosts: Hosts, remarks: Remarks) -> Iterator[Entry | None]:
    def decode(entry: str) -> Entry | None:
        try:
            return _ENTRY.decode(entry)
        except UNREADABLE:
            return _odd(entry, hosts)

    def decode_all(entries: str) -> list[Entry | None]:
        return [*_ENTRIES.decode(entries)]

    for name in text.members():
        if name != "log":
            text.value()
            continue
        for member in text.members():
            if member == "entries":
                yield from text.elements(decode, decode_all)
            elif member == "creator":
                creator = text.value()
                archive.creator = str(creator.get("name")) if isinstance(creator, dict) else ""
            elif member == "_stalls":
                remarks.stalls += msgspec.convert(text.value(), list[Stall])
            else:
                text.value()
    text.end()


def _odd(text: str, hosts: Hosts) -> Entry | None:
    """Return an entry that the strict decoder refuses; None for another host, whose entries do not matter."""
    entry = lenient(text)
    if isinstance(entry, dict):
        sent = entry.get("request")
        method, url = (sent.get("method"), sent.get("url")) if isinstance(sent, dict) else (None, None)
        if not hosts.include(str(method), _split(url if isinstance(url, str) else "")):
            return None
    return msgspec.convert(entry, Entry)


def _exchange(entry: Entry, number: int, hosts: Hosts, archive: _Archive) -> Exchange | None:
    if entry.beyond is not None:
        return _from_mock(entry, entry.beyond)
    url = _split(entry.request.url)
    if not hosts.include(entry.request.method, url):
        return None
    if (reason := never_sent(entry, archive.creator)) is not None:
        hosts.never_sent[reason] += 1
        return None
    return _from_browser(entry, number, url, archive.masker)


def _from_mock(entry: Entry, beyond: ExchangeMetadata) -> Exchange:
    """Return the exchange of an entry that the mock or the proxy wrote, its secrets masked already."""
    found = _ADDRESS.match(entry.request.url)
    path, query = found.groups("") if found is not None else ("", "")
    path = unquote(path) or "/"
    if beyond.space != DEFAULT_SPACE:
        path = path.removeprefix(f"/~{beyond.space}") or "/"
    return _build(entry, beyond, _started_s(entry), path, query)


def _from_browser(entry: Entry, number: int, url: SplitResult, masker: Masker) -> Exchange:
    """Return the exchange of an entry that another program wrote, without the facts that a `Recogniser` adds."""
    started_s = _started_s(entry)
    server = f"{entry.server_ip_address}:{_port(url)}" if entry.server_ip_address else ""
    space, _, path = split_space(unquote(url.path))
    space = environment_of(url.hostname or "") or space
    lag_ms = inexactness_ms(entry.started_date_time or "")
    beyond = ExchangeMetadata(
        id=number, space=space, wall=started_s, lag_ms=lag_ms, endpoint="", peer="", ip="", server=server
    )
    entry.request.method = entry.request.method.upper()  # axios-har-tracker writes it as axios has it
    response = entry.response or _NO_RESPONSE
    _check_redaction(entry.request, response)
    # Each header by itself, because joined cookies cannot be separated again.
    for pair in (*(entry.request.headers or ()), *(response.headers or ())):
        pair.value = masker.header(_lower(pair.name), pair.value or "")
    exchange = _build(entry, beyond, started_s, path, url.query or _parameters(entry.request.query_string))
    if merge_slashes(path).startswith(_ISSUING):
        masker.learn_issued(exchange.response_body)
    return msgspec.structs.replace(
        exchange,
        path=masker.text(exchange.path),
        query=masker.form(exchange.query),
        request_body=masker.body(exchange.request_body),
        response_body=masker.body(exchange.response_body),
        ip=effective_ip(exchange.request_headers.get("x-forwarded-for"), "unknown"),
    )


def _parameters(found: object) -> str:
    """Return the parameters that Insomnia and axios-har-tracker leave out of the URL."""
    pairs = [pair for pair in found if isinstance(pair, dict)] if isinstance(found, list) else []
    return urlencode([(str(pair.get("name") or ""), str(pair.get("value") or "")) for pair in pairs])


def _started_s(entry: Entry) -> float:
    if not entry.started_date_time:
        raise _BadEntry("it has no startedDateTime, which the order of exchanges needs")
    try:
        started = datetime.fromisoformat(entry.started_date_time.upper())
    except ValueError as error:
        sentence = f"its startedDateTime is no time of ISO 8601: {entry.started_date_time!r:.50}"
        raise _BadEntry(sentence) from error
    return (started if started.tzinfo else started.replace(tzinfo=UTC)).timestamp()


def _build(entry: Entry, beyond: ExchangeMetadata, started_s: float, path: str, query: str) -> Exchange:
    request, response = entry.request, entry.response or _NO_RESPONSE
    request_headers, response_headers = _headers(request.headers), _headers(response.headers)
    sent, answered = request_body(request, request_headers), response_body(request.method, response, response_headers)
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
        request_headers=request_headers,
        request_body=sent.text,
        status=max(response.status or 0, 0),
        response_headers=response_headers,
        response_body=answered.text,
        connection=_connection(entry.connection),
        lacks=_lacks(beyond, sent, answered),
    )


def _headers(pairs: Iterable[Pair] | None) -> dict[str, str]:
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


def _lacks(beyond: ExchangeMetadata, sent: Body, answered: Body) -> tuple[BodyName, ...]:
    if not (sent.lacking or answered.lacking) or beyond.lacks:
        return beyond.lacks
    found: dict[BodyName, Body] = {"request_body": sent, "response_body": answered}
    # The mock names the bodies that it truncated, so a part of another body is the whole of it.
    return tuple(name for name, body in found.items() if body.lacking and not (body.text and beyond.endpoint))


def _connection(found: str | float | None) -> str:
    return f"{found:.0f}" if isinstance(found, float) else found or ""


def _check_redaction(request: Request, response: Response) -> None:
    succeeded = 200 <= (response.status or 0) < 300
    for pair in request.headers or ():
        name, value = _lower(pair.name), pair.value or ""
        if name not in CHECKED:
            continue
        if is_redacted(value) or (succeeded and name == "authorization" and is_placeholder(value)):
            raise _BadEntry(f"its header {pair.name} {REMEDY}")


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
