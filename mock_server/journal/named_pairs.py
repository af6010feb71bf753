"""Names and values that no sign of equality joins: tuples, XML, fields of HTML, options, members of JSON."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from pass_harness.mock_server.journal.encodings import without_entities
from pass_harness.mock_server.journal.secret_names import is_secret

Mask = Callable[[str], str]
_PAIRS = {
    "(": re.compile(
        r"""\(b?(?P<quote>['"])(?P<name>[^'"\\]++)(?P=quote),\s*+b?(?P=quote)(?:bearer\s++|basic\s++)?"""
        r"""(?P<value>(?:(?!(?P=quote))[^\\]|\\.)++)(?P=quote)""",
        re.IGNORECASE | re.DOTALL,
    ),
    "</": re.compile(r"<(?P<name>[\w.:-]++)(?:\s[^<>]*+)?+>\s*+(?P<value>[^<>]++)</"),
    "--": re.compile(r"""(?<!\S)["']?+--(?P<name>[\w-]++)\s++['"]?(?P<value>(?=[^\s'"\d]*+\d)[^\s'"]{8,}+)"""),
}
"""Patterns by a text that all of their matches have: tuples of Python and Rust, such as ``('name', b'value')``."""
_FIELD = re.compile(
    r"""<(?:input|meta|param)\s(?:[^<>"']++|"[^"]*+(?:"|\Z)|'[^']*+(?:'|\Z))*+""", re.IGNORECASE | re.DOTALL
)
"""A field of a form in HTML, or another element with a name and a value, whole or cut."""
_ATTRIBUTE = re.compile(
    r"""(?<![\w-])(name|id|type|value|content)\s*+=\s*+(?:"([^"]*+)|'([^']*+)|([^\s"'<>]++))""", re.IGNORECASE
)
_CURL_USER = re.compile(
    r"""(?<!\S)(?:-u|-U|--user|--proxy-user)[\s=]*+"""
    r"""(?:"[^\s":]*+:([^"]++)|'[^\s':]*+:([^']++)|[^\s"':]++:([^\s"']++))"""
)
"""The user of a curl command, with the password."""

_NAMES = frozenset({"name", "key"})


class Earlier(NamedTuple):
    """A value that stands before its name: the position of its token, the text, and the name in lower case."""

    at: int
    text: str
    name: str = ""


class NamedValue:
    """An object of JSON that may have a name and its value in two members, in any order, as archives have headers."""

    __slots__ = ("_earlier", "name")

    def __init__(self) -> None:
        self.name = ""
        """The name in lower case, if it is that of a secret."""
        self._earlier: Earlier | None = None

    def names(self, member: str) -> bool:
        """Return whether the value of this member is a secret, by the name in another one."""
        return bool(self.name) and member.lower() == "value"

    def note(self, member: str, text: str, at: int) -> Earlier | None:
        """Note a member whose value is a text; return the secret that it names, if that stands before it."""
        member = member.lower()
        if member == "value":
            self._earlier = Earlier(at, text)
        elif member in _NAMES and is_secret(text):
            self.name = text.lower()
            return self._earlier and self._earlier._replace(name=self.name)
        return None


def mask_pairs(text: str, mask: Mask) -> str:
    """Return a text with the values of secret names masked that no sign of equality joins to them."""
    for sign, pairs in _PAIRS.items():
        text = pairs.sub(partial(_masked_pair, mask), text) if sign in text else text
    if "<" in text:
        text = _FIELD.sub(partial(_masked_field, mask), text)
    return _CURL_USER.sub(partial(_masked_user, mask), text) if "curl" in text else text


def _masked_pair(mask: Mask, match: re.Match[str]) -> str:
    if not is_secret(match["name"]):
        return match[0]
    return _with_masked(mask, match, "value", match["value"])


def _masked_field(mask: Mask, field: re.Match[str]) -> str:
    """Return an element with its value masked if its name, its id or its type is that of a secret."""
    attributes = [*_ATTRIBUTE.finditer(field[0])]
    if not any(found[1].lower() in {"name", "id", "type"} and is_secret(_value(found)) for found in attributes):
        return field[0]
    written = field[0]
    for found in reversed(attributes):
        if found[1].lower() in {"value", "content"} and _value(found):
            start, end = found.span(found.lastindex or 0)
            written = written[:start] + mask(without_entities(_value(found))) + written[end:]
    return written


def _masked_user(mask: Mask, match: re.Match[str]) -> str:
    return _with_masked(mask, match, match.lastindex or 0, match[match.lastindex or 0])


def _with_masked(mask: Mask, match: re.Match[str], group: str | int, value: str) -> str:
    start, end = match.start(group) - match.start(), match.end(group) - match.start()
    return match[0][:start] + mask(value) + match[0][end:]


def _value(attribute: re.Match[str]) -> str:
    return attribute[attribute.lastindex or 0]
