"""Encodings that may hide a secret in a text, each undone and done again.

A masked text gets the encoding that it came in, so that rules can still decode it.
"""

from __future__ import annotations

import base64
import binascii
import html
import json
import re
from collections.abc import Callable, Iterator
from typing import NamedTuple
from urllib.parse import quote, unquote

import msgspec

SHORTEST = 12
"""Characters below which Base64 or hexadecimal digits cannot hold a secret worth masking."""
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]++={0,2}")
_HEX = re.compile(r"(?:[0-9A-Fa-f]{2})++")
BRACED = r"\\u\{([0-9A-Fa-f]{1,6})\}"
"""The escape of a character in JavaScript whose braces are no JSON."""
_ESCAPE = re.compile(rf"{BRACED}|\\u([0-9A-Fa-f]{{4}})|\\x([0-9A-Fa-f]{{2}})")
_ENTITY = re.compile(r"&#?\w{1,32};")
_NUMBER = re.compile(r"&#0*+([0-9]++)")
_MOST_DIGITS = 8
"""Digits of a character reference that are read: none has more, and Python refuses to read thousands."""
_SAFE = "/:?=&,"


class Decoded(NamedTuple):
    """A text without its encoding, and the function that encodes its masked form."""

    text: str
    encode: Callable[[str], str]


def escaped(text: str) -> Iterator[Decoded]:
    """Yield the text without percent-encoding, and without the escapes of JSON strings, if it has them."""
    if "%" in text and (plain := unquote(text)) != text:
        yield Decoded(plain, lambda masked: quote(masked, _SAFE, errors="surrogatepass"))
    if "\\" in text and (plain := _unescaped(text)) != text:
        yield Decoded(plain, json_escaped)


def entities(text: str) -> Iterator[Decoded]:
    """Yield the text without the character references of HTML and XML, if it has them."""
    if "&" in text and _ENTITY.search(text) and (plain := without_entities(text)) != text:
        yield Decoded(plain, html.escape)


def without_entities(text: str) -> str:
    """Return the text without the character references of HTML and XML."""
    return html.unescape(_NUMBER.sub(lambda number: f"&#{number[1][:_MOST_DIGITS]}", text))


def json_escaped(text: str) -> str:
    """Return a text as it stands in a string of JSON; lone surrogates, which UTF-8 cannot encode, as escapes."""
    try:
        return msgspec.json.encode(text).decode()[1:-1]
    except UnicodeEncodeError:
        return json.dumps(text)[1:-1]


def packed(text: str) -> Iterator[Decoded]:
    """Yield the readable text in Base64 or hexadecimal digits, which may be broken into lines."""
    plain = "".join(text.split())
    if len(plain) < SHORTEST:
        return
    if (found := _of_base64(plain)) and _BASE64.fullmatch(plain):
        yield Decoded(found, lambda masked: _to_base64(masked, plain))
    if len(plain) % 2 == 0 and _HEX.fullmatch(plain) and (found := _readable(bytes.fromhex(plain))):
        yield Decoded(found, lambda masked: masked.encode("utf-8", "surrogatepass").hex())


def _unescaped(text: str) -> str:
    def character(match: re.Match[str]) -> str:
        number = int(match[match.lastindex or 0], 16)
        return chr(number) if number <= 0x10FFFF else match[0]

    return _ESCAPE.sub(character, text.replace('\\"', '"').replace("\\/", "/"))


def _of_base64(text: str) -> str:
    """Return the readable text in Base64, standard or URL-safe, padded or not; empty where there is none."""
    plain = text.replace("-", "+").replace("_", "/").rstrip("=")
    plain = plain[:-1] if len(plain) % 4 == 1 else plain  # cut within a group of four
    try:
        return _readable(binascii.a2b_base64(plain + "=="))  # more padding than is needed does no harm
    except ValueError:  # of a text that is no Base64
        return ""


def _to_base64(masked: str, original: str) -> str:
    encode = base64.urlsafe_b64encode if "-" in original or "_" in original else base64.b64encode
    encoded = encode(masked.encode("utf-8", "surrogatepass")).decode()
    return encoded if len(original) % 4 == 0 else encoded.rstrip("=")


def _readable(raw: bytes) -> str:
    """Return the bytes as text; empty for those that are none: no secret is hidden in random bytes."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        return ""
    return "" if "\x00" in text else text
