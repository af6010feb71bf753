"""The headers of a recorded answer that clients depend on, compared with those of the mock."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from pass_harness.conformance.fidelity.difference import ABSENT, PRESENT, Difference, one_of
from pass_harness.conformance.fidelity.reference import Schema

_WEIGHTY = ("Allow", "Cache-Control", "Location", "Retry-After", "WWW-Authenticate")
"""Headers that a client acts on."""
_JSON, _UTF8 = "application/json", "UTF-8"
_MEDIA_TYPES = frozenset(
    {_JSON, "application/problem+json", "application/xml", "text/html", "text/plain", "text/xml"}
)
_DIRECTIVES = frozenset(
    {"max-age", "must-revalidate", "no-cache", "no-store", "no-transform", "private", "public", "s-maxage"}
)


def media_type(headers: Mapping[str, str]) -> str:
    """Return the media type of an answer in lower case, without parameters; empty without one."""
    return headers.get("content-type", "").partition(";")[0].strip().lower()


def differences(headers: Mapping[str, str], answer: Schema, *, has_charset: bool) -> Iterator[Difference]:
    """Yield where headers (by lower-case name) differ from the mock's; ``answer`` is the OpenAPI response object.

    ``has_charset`` says whether the mock's JSON has a charset.
    """
    content = answer.get("content", {})
    if content:
        yield from _content_type(headers, list(content), has_charset=has_charset)
    for name in _WEIGHTY:
        value, is_documented = headers.get(name.lower()), name in answer.get("headers", {})
        if value is None and is_documented:
            yield Difference(f"header {name}", ABSENT, PRESENT)
        elif value is not None and not is_documented:
            yield Difference(f"header {name}", _form(name, value), ABSENT)
    location = headers.get("location")
    if location is not None and "Location" in answer.get("headers", {}) and not _is_absolute(location):
        yield Difference("header Location", "another form", "an absolute http or https URL")


def _content_type(headers: Mapping[str, str], documented: list[str], *, has_charset: bool) -> Iterator[Difference]:
    found = media_type(headers)
    if found not in documented:
        written = found if found in _MEDIA_TYPES else "another media type" if found else ABSENT
        yield Difference("header Content-Type", written, one_of(documented))
    elif found == _JSON:
        charset = re.search(r";\s*charset\s*=\s*\"?([\w-]+)", headers["content-type"], re.IGNORECASE)
        is_utf8 = charset is not None and charset[1].lower().replace("-", "") == "utf8"
        written = _UTF8 if is_utf8 else ABSENT if charset is None else "another charset"
        expected = _UTF8 if has_charset else ABSENT
        if written != expected:
            yield Difference("charset of Content-Type", written, expected)


def _form(name: str, value: str) -> str:
    """Return the form of a value, without anything that could identify."""
    if name == "Retry-After":
        return "a number of seconds" if value.strip().isdecimal() else "a date"
    if name == "Cache-Control":
        names = {part.partition("=")[0].strip().lower() for part in value.split(",")}
        return ", ".join(sorted(names & _DIRECTIVES)) or PRESENT
    return PRESENT


def _is_absolute(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.netloc)
