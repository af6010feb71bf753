"""The bodies of a HAR entry as text, and whether the archive left them out.

Exporters omit bodies to save space or to protect data: browsers that discarded them, ``content: omit`` of Playwright,
sanitisers. The sizes, the headers or a comment then show that there was one.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urlencode

import msgspec

from pass_harness.conformance.readers.body_lengths import content_length, may_have_body
from pass_harness.conformance.readers.har_entry import Content, Request, Response
from pass_harness.mock_server.formats.content_encoding import decompress
from pass_harness.mock_server.formats.untrusted_json import UNREADABLE

_PLAIN = frozenset({"", "utf-8", "utf8", "text", "identity", "none"})
"""Values of ``encoding`` that some tools write for text."""
_BINARY = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
"""Bytes that no text has, and nearly every compressed body."""
_MOST_BYTES = 1 << 24
_WITHOUT_BODY = frozenset({"GET", "HEAD", "DELETE", "OPTIONS"})
"""Methods whose requests to Adobe Pass have no body, whatever their Content-Type."""


class Body(NamedTuple):
    """A body; ``text`` is empty or a part of it if the archive is ``lacking`` it."""

    text: str
    lacking: bool = False


def request_body(request: Request, headers: Mapping[str, str]) -> Body:
    """Return the body of a request; ``headers`` are those of the request by lower-case name."""
    data = request.post_data
    if data is not None:
        text, readable = _decoded(data.text, data.encoding, headers)
        if text or not readable:
            return Body(text, not readable)
        if data.params and not _is_json(data.mime_type):
            return Body(urlencode([(pair.name, pair.value or "") for pair in data.params]))
    return Body("", _omitted_request(request, headers))


def response_body(method: str, response: Response, headers: Mapping[str, str]) -> Body:
    """Return the body of the response to ``method``; ``headers`` are those of the response by lower-case name."""
    content = response.content or _NOTHING
    text, readable = _decoded(content.text, content.encoding, headers)
    if not readable:
        return Body("", lacking=True)
    if text:
        return Body(text, _is_cut(text, content, headers))
    if not may_have_body(method, response.status or 0):
        return Body("")
    return Body("", _omitted_response(content, response.body_size, headers))


_NOTHING = Content()


def _decoded(text: str | None, encoding: str | None, headers: Mapping[str, str]) -> tuple[str, bool]:
    """Return the text of a body, and whether it could be decoded. What cannot may hide secrets, so it is left out."""
    if not text:
        return "", True
    encoding = (encoding or "").strip().lower()
    if encoding in _PLAIN:
        return text, True
    raw = _unpacked(text) if encoding == "base64" else None
    if raw is None:  # Firefox calls some texts Base64 that are none (bug 1762313)
        return (text, True) if encoding == "base64" and _is_readable_json(text) else ("", False)
    if not _is_text(raw):  # some tools write bodies as they were on the wire
        unpacked = decompress(raw, headers.get("content-encoding", ""), _MOST_BYTES)
        if unpacked and _is_text(unpacked):
            raw = unpacked
        elif _BINARY.search(raw):
            return "", False
    return raw.decode("utf-8", "replace"), True


def _is_text(raw: bytes) -> bool:
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return _BINARY.search(raw) is None


def _unpacked(text: str) -> bytes | None:
    """Return the bytes of Base64, standard or URL-safe, padded or not, in one line or several."""
    packed = "".join(text.split()).replace("-", "+").replace("_", "/").rstrip("=")
    try:
        return base64.b64decode(packed + "=" * (-len(packed) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None


def _omitted_request(request: Request, headers: Mapping[str, str]) -> bool:
    data, size = request.post_data, request.body_size
    if _is_positive(size) or content_length(headers) > 0:
        return True
    if data is not None and (data.comment or data.file):
        return True
    # Without any size, the type of a body shows that there was one.
    has_type = "content-type" in headers and request.method not in _WITHOUT_BODY
    return has_type and "content-length" not in headers and size != 0


def _omitted_response(content: Content, size: float | None, headers: Mapping[str, str]) -> bool:
    if _is_positive(content.size) or _is_positive(size) or content_length(headers) > 0:
        return True
    if content.comment or content.file:
        return True
    # No JSON document is empty, so a missing text (not an empty one) was left out.
    is_json = _is_json(content.mime_type) or _is_json(headers.get("content-type"))
    return content.text is None and is_json and content_length(headers) != 0


def _is_cut(text: str, content: Content, headers: Mapping[str, str]) -> bool:
    """Return whether a JSON document ends early: it is shorter than its size, and does not decode."""
    if content.size is None or len(text) >= content.size or len(text.encode("utf-8", "replace")) >= content.size:
        return False
    if not (_is_json(content.mime_type) or _is_json(headers.get("content-type"))):
        return False
    return not _is_readable_json(text)


def _is_readable_json(text: str) -> bool:
    try:
        msgspec.json.decode(text)
    except UNREADABLE:
        return False
    return True


def _is_positive(size: float | None) -> bool:
    return size is not None and size > 0


def _is_json(media_type: str | None) -> bool:
    return media_type is not None and "json" in media_type.lower()
