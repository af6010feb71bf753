"""Parameters of a request: form, JSON body or query string.

Adobe documents one place for each endpoint, and accepts the others too; ``--strict`` refuses those (strict.py).
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from pass_harness.mock_server.formats.untrusted_json import UNREADABLE
from pass_harness.mock_server.gateway.call import Call

_MAX_FIELDS = 100
_MAX_COOKIE = 64
"""Maximum length of a cookie of the mock, in characters."""
_OBJECT = msgspec.json.Decoder(dict[str, Any])


class Repeated(Exception):
    """A parameter occurs more than once."""


class Malformed(Exception):
    """The parameters cannot be decoded."""


def query(call: Call) -> dict[str, str]:
    """Return the parameters of the query string; Malformed or Repeated for an invalid one."""
    return _pairs(call.inbound.query)


def form(call: Call) -> dict[str, str]:
    """Return the fields of a form body; Malformed or Repeated for an invalid one."""
    return _pairs(_text(call.inbound.body))


def cookie(call: Call, name: str) -> str | None:
    """Return the value of a cookie; the first one of that name, which has the most specific path (RFC 6265)."""
    pairs = (pair.strip().partition("=") for pair in (call.header("cookie") or "").split(";"))
    found = next((value for given, _, value in pairs if given == name), None)
    return found if found and len(found) <= _MAX_COOKIE else None


def json_object(call: Call) -> dict[str, Any]:
    """Return the members of a JSON body; Malformed if it is not a JSON object."""
    try:
        return _OBJECT.decode(call.inbound.body)
    except UNREADABLE as error:
        raise Malformed(str(error)) from error


def anywhere(call: Call) -> dict[str, str]:
    """Return the parameters of a form or JSON body or, if the body is empty, of the query string.

    Raises Malformed or Repeated, also for a JSON object that has a member twice.
    """
    body = call.inbound.body.strip()
    if not body:
        return query(call)
    if body.startswith(b"{"):
        members = json_object(call)
        if _has_repeated_member(body):
            raise Repeated
        return {name: value for name, value in members.items() if isinstance(value, str)}
    return form(call)


def _has_repeated_member(body: bytes) -> bool:
    """Return whether the outermost object of a valid JSON text has two members of one name."""
    try:
        pairs = json.loads(body, object_pairs_hook=list)  # msgspec does not report repeated members
    except UNREADABLE as error:
        raise Malformed(str(error)) from error
    return len(pairs) > len({name for name, _ in pairs})


def _pairs(text: str) -> dict[str, str]:
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=_MAX_FIELDS)
    except ValueError as error:
        raise Malformed(str(error)) from error
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise Repeated
    return fields


def _text(body: bytes) -> str:
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Malformed(str(error)) from error
