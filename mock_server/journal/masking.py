"""Masking of secrets: a prefix of the SHA-256 digest replaces a secret, so that equal ones stay equal.

`Masker` parses a text as its receiver would (query string, form, multipart, JSON, cookies, and these within one
another, in the encodings of encodings.py). Then it masks the values of secret names, and every value that is a known
secret by itself (known_secrets.py). Texts without a secret, and masked ones, stay unchanged to the character, so
reading and writing a trace is lossless.
"""

from __future__ import annotations

import hashlib
import itertools
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from urllib.parse import quote_plus, unquote_plus

import msgspec

from pass_harness.mock_server.formats.untrusted_json import UNREADABLE
from pass_harness.mock_server.journal.encodings import (
    BRACED,
    SHORTEST,
    Decoded,
    entities,
    escaped,
    json_escaped,
    packed,
)
from pass_harness.mock_server.journal.known_secrets import LINK_CODE, KnownSecrets, has_secret_form
from pass_harness.mock_server.journal.named_pairs import Earlier, NamedValue, mask_pairs
from pass_harness.mock_server.journal.secret_names import FRAGMENTS, is_secret

MASKED = re.compile(r"sha256:[0-9a-f]{16}")
"""A masked secret."""
_DEEPEST = 6
"""Encodings within one another that are undone."""
_CACHED_HEADERS = 4096
_LONGEST_CACHED = 1024
"""Characters of a header above which it is not cached: clients must not be able to fill the memory."""
_CACHED_WORDS = 8192
_LONGEST_CACHED_WORD = 100
_BEARER = re.compile(r"^(bearer(?:\s+bearer)*)\s+(\S.*)$", re.IGNORECASE)
"""The value of Authorization; a service that stores tokens with their scheme sends it twice, which is no secret."""
_WRAPPINGS = (*FRAGMENTS, "%", "\\", "&#", "@", "curl", "<signatureinfo>")
"""Every text with a secret has a name, an encoding, the password of a URL, a media token, or a long word."""
_RUN = re.compile(r"[A-Za-z0-9+/_-]{12,}+")
_STRUCTURE = re.compile(r'[{\[]\s*+["{\[\]}]|"')
"""Beginnings of JSON in a text."""
_TOKEN = re.compile(
    rf'"((?:[^"\\]|\\.)*+)("|\\?\Z)(\s*+(?::|=>))?|[{{}}\[\],]|(?:[^{{}}\[\],"\\]++|{BRACED}|\\)++', re.DOTALL
)
_LINES = re.compile(r"[A-Za-z0-9+/_-]++(?:\s++[A-Za-z0-9+/_-]++)++={0,2}\s*+")
"""Base64 or hexadecimal digits in several lines."""
_NAME = re.compile(r"""(?<![^\s"'<>&?#;,=:/{}()])[^\s"'<>&?#;,=:/{}()]++'?\s*+(?:=>?|:)""")
_VALUE = re.compile(
    r"""\s*+(?:b(?='))?+(')?+(?:bearer\s++|basic\s++)?((?(1)(?:[^'\\]|\\.)++|[^\s"'<>&#;,]++))""",
    re.IGNORECASE | re.DOTALL,
)
_OPTIONAL = re.compile(r"(?:Some|Optional)\(\Z")
"""The beginning of a value that may be absent, as Rust and Swift write it."""
_AFTER = ")]}.:"
"""Characters that may follow a value in a sentence."""
_NO_PROSE = re.compile(r"(?=\D*+\d).{8}|.{20}", re.DOTALL)
"""A value behind a colon that is no word of a sentence."""
_USER = re.compile(r"""(?<=//)[^/?#\s@"'<>]++@""")
_WORD = re.compile(rf"""(?:[^\s"'<>&?#;,=(){{}}\[\]|\\]++|{BRACED}|\\)++={{0,2}}""")
_LONG_WORD = re.compile(rf"""[^\s"'<>&?#;,=(){{}}\[\]|]{{{SHORTEST},}}+={{0,2}}""")
_SLASH = re.compile(r"([/:])")
_PART_NAME = re.compile(r'^content-disposition:[^\r\n]*?[;\s]name\*?="?([^";\r\n]*+)', re.IGNORECASE | re.MULTILINE)
_NEXT_COOKIE = re.compile(r"([,\n][ \t]*+(?=[^\s=;,]++=))")
"""The separators of cookies that a tool has joined into one Set-Cookie; a date has a comma, too."""
_LITERALS = frozenset({"true", "false", "null", ""})


def mask(secret: str) -> str:
    """Return ``sha256:`` and the first 16 hexadecimal digits of the secret's digest."""
    if MASKED.fullmatch(secret):
        return secret
    return "sha256:" + hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()[:16]


class Masker:
    """Masks headers, bodies, forms and texts; ``known`` are secrets beyond those that have a form of their own."""

    def __init__(self, known: KnownSecrets | None = None) -> None:
        self._known = known or KnownSecrets()
        # A device sends almost the same headers with every request.
        self._cached_header = lru_cache(maxsize=_CACHED_HEADERS)(self._header)
        self._cached_pair = lru_cache(maxsize=_CACHED_HEADERS)(self._pair)
        self._cached_text = lru_cache(maxsize=_CACHED_WORDS)(self._any_text)
        self._cached_word = lru_cache(maxsize=_CACHED_WORDS)(self._hides_a_secret)

    def headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        """Return headers (lower-case names) with the secrets in names and values masked."""
        pair = self._cached_pair
        return dict(
            [
                pair(name, value) if len(name) + len(value) <= _LONGEST_CACHED else self._pair(name, value)
                for name, value in headers.items()
            ]
        )

    def header(self, name: str, value: str) -> str:
        """Return the value of a header (lower-case name) with its secrets masked."""
        return self._cached_header(name, value) if len(value) <= _LONGEST_CACHED else self._header(name, value)

    def body(self, body: str) -> str:
        """Return a body with its secrets masked: JSON, a form, multipart, or any other text."""
        return self._body(body, 0) if self._may_have_secrets(body) else body

    def form(self, form: str) -> str:
        """Return a form or query string with its secrets masked."""
        return self._form(form, 0) if self._may_have_secrets(form) else form

    def text(self, text: str) -> str:
        """Return any text (a path, a message, a device identifier) with its secrets masked."""
        return self._text(text, 0)

    def learn_issued(self, answer: str) -> None:
        """Know the secrets in the answer of Adobe Pass from now on, wherever they occur."""
        if self._may_have_secrets(answer):
            issued = [self._known.add_issued(secret) for secret in _named_secrets(answer)]
            if any(issued):
                for cached in (self._cached_header, self._cached_pair, self._cached_text, self._cached_word):
                    cached.cache_clear()

    def _may_have_secrets(self, text: str, depth: int = 0) -> bool:
        """Return whether a secret is possible; much faster than the parsers, and false for most texts."""
        if not text or depth > _DEEPEST:
            return False
        if len(text) < SHORTEST and text.isalnum():
            return text in self._known
        lower = text.lower()
        for wrapping in _WRAPPINGS:
            if wrapping in lower:
                return True
        if not text.isascii() or has_secret_form(text) or self._known.occur_in(text):
            return True
        if any(self._may_hide_a_secret(word, depth) for word in _RUN.findall(text)):
            return True
        return _LINES.fullmatch(text) is not None and self._hides_a_secret(text, depth)

    def _may_hide_a_secret(self, word: str, depth: int) -> bool:
        """Return whether a long word, or a piece of it, is the encoding of a text that may have secrets."""
        pieces = [piece for piece in word.split("/") if len(piece) >= SHORTEST] if "/" in word else ()
        for piece in (word, *pieces):
            check = self._cached_word if len(piece) <= _LONGEST_CACHED_WORD else self._hides_a_secret
            if check(piece, depth):
                return True
        return False

    def _hides_a_secret(self, piece: str, depth: int) -> bool:
        return any(self._may_have_secrets(decoded.text, depth + 1) for decoded in packed(piece))

    def _pair(self, name: str, value: str) -> tuple[str, str]:
        return self._text(name, 0), self._header(name, value)

    def _header(self, name: str, value: str) -> str:
        if not value.strip():
            return value
        if not is_secret(name):
            masked = self._text(value, 0)
            return _USER_OF_ADDRESS.sub(_masked_user, masked) if name in _ADDRESSES else masked
        if name.endswith("authorization"):
            bearer = _BEARER.match(value)
            return f"{bearer[1]} {mask(bearer[2].strip())}" if bearer else mask(value)
        if name == "set-cookie":
            cookies = enumerate(_NEXT_COOKIE.split(value))
            return "".join([text if number % 2 else self._set_cookie(text) for number, text in cookies])
        return _mask_cookies(value) if name == "cookie" else mask(value)

    def _set_cookie(self, written: str) -> str:
        """Return a cookie with its value masked; its attributes are not secret."""
        cookie, semicolon, attributes = written.partition(";")
        return _mask_cookies(cookie) + semicolon + self._text(attributes, 0)

    def _body(self, body: str, depth: int, within: int = 0) -> str:
        start = body.lstrip(" \t\r\n\ufeff")[:2]
        if start == "--" and within < _DEEPEST:
            return self._multipart(body, depth, within)
        if start[:1] in {"{", "[", '"', "<"} or "=" not in body.rstrip("=\r\n"):
            return self._text(body, depth)
        return self._form(body, depth)

    def _form(self, form: str, depth: int) -> str:
        return "&".join([self._field(field, depth) for field in form.split("&")])

    def _field(self, field: str, depth: int) -> str:
        name, equals, written = field.partition("=")
        value = unquote_plus(written)
        masked = _mask_unless_empty(value) if is_secret(name) else self._text(value, depth)
        if masked != value:
            is_plain = value == written or MASKED.fullmatch(masked)
            written = masked if is_plain else quote_plus(masked, ":/", errors="surrogatepass")
        return self._text(name, depth) + equals + written

    def _multipart(self, body: str, depth: int, within: int) -> str:
        """Return a multipart body ``within`` others masked; the first line has the boundary (RFC 2046, 5.1)."""
        boundary = body.lstrip().partition("\n")[0].rstrip()
        return boundary.join([self._part(part, depth, within + 1) for part in body.split(boundary)])

    def _part(self, part: str, depth: int, within: int) -> str:
        blank = "\r\n\r\n" if "\r\n\r\n" in part else "\n\n"
        head, separator, content = part.partition(blank)
        named = _PART_NAME.search(head)
        value = content.rstrip("\r\n")
        masked = _mask_unless_empty(value) if named and is_secret(named[1]) else self._body(value, depth, within)
        return self._text(head, depth) + separator + masked + content[len(value) :]

    def _text(self, text: str, depth: int) -> str:
        if len(text) <= _LONGEST_CACHED_WORD:
            return self._cached_text(text, depth)
        return self._any_text(text, depth)

    def _any_text(self, text: str, depth: int) -> str:
        if depth > _DEEPEST or not self._may_have_secrets(text):
            return text
        if text in self._known:
            return mask(text)
        text = mask_pairs(text, mask)
        begins = _STRUCTURE.search(text)
        if begins is not None:
            head, tail = text[: begins.start()], text[begins.start() :]
            return self._plain(head, depth) + self._json(tail, depth, after=head)
        masked = self._plain(text, depth)
        if masked != text:
            return masked
        lines = packed(text) if _LINES.fullmatch(text) else ()
        return self._decoded(text, itertools.chain(entities(text), lines), depth)

    def _json(self, text: str, depth: int, after: str) -> str:
        """Return JSON with its secrets masked, whole or cut anywhere, and the text around it.

        ``after`` is the text before it, whose end may name a secret.
        """
        parts: list[str] = []
        inside = [False]  # for each open bracket, whether all within it is secret
        objects = [NamedValue()]
        secret, name = _ends_with_secret_name(after), ""
        for token in _TOKEN.finditer(text):
            written = token[0]
            if written in "{[":
                inside.append(inside[-1] or secret is _ALL or (secret is _SCALAR and written == "["))
                objects.append(NamedValue())
                secret, name = None, ""
            elif written in "}]":
                if len(inside) > 1:
                    inside.pop()
                    objects.pop()
                secret = None
            elif written == ",":
                secret, name = None, ""
            elif written.startswith('"'):
                value = _string(token[1])
                if token[3]:
                    masked = self._text(value, depth)
                    secret, name = _ALL if objects[-1].names(value) else _secrecy(value), value
                else:
                    self._mask_earlier(parts, objects[-1].note(name, value, len(parts)))
                    masked = self._value(objects[-1], name, value, depth, hidden=bool(secret or inside[-1]))
                    secret = None
                if masked != value:
                    written = f'"{json_escaped(masked)}{token[2]}{token[3] or ""}'
            elif secret or inside[-1]:
                value = written.strip()
                if value not in _LITERALS:
                    written = written.replace(value, f'"{mask(value)}"')
            else:
                secret = _ends_with_secret_name(written)
                written = self._text(written, depth)
            parts.append(written)
        return "".join(parts)

    def _mask_earlier(self, parts: list[str], found: Earlier | None) -> None:
        """Mask a string of JSON that was no secret until its name came."""
        if found is not None:
            parts[found.at] = f'"{json_escaped(self._header(found.name, found.text))}"'

    def _value(self, within: NamedValue, name: str, value: str, depth: int, *, hidden: bool) -> str:
        """Return a string of JSON masked; ``name`` is that of its member, and ``within`` the object."""
        if within.names(name):
            return self._header(within.name, value)
        if hidden or (name == "code" and LINK_CODE.fullmatch(value)):
            return _mask_unless_empty(value)
        return self._text(value, depth + 1)

    def _plain(self, text: str, depth: int) -> str:
        """Return a text without JSON: with named values, URLs, secrets by their form, and encoded words masked."""
        text = _USER.sub(_masked_user, _mask_named(text))
        if "%" in text or "\\" in text:
            text = _WORD.sub(lambda word: self._decoded(word[0], escaped(word[0]), depth), text)
        text = self._known.replace_in(text, mask)
        return _LONG_WORD.sub(lambda word: self._unpacked(word[0], depth), text)

    def _unpacked(self, word: str, depth: int) -> str:
        masked = self._decoded(word, packed(word), depth)
        if masked == word and len(pieces := _SLASH.split(word)) > 1:  # Base64 has slashes, and so have paths
            masked = "".join([self._decoded(piece, packed(piece), depth) for piece in pieces])
        return masked

    def _decoded(self, text: str, decodings: Iterable[Decoded], depth: int) -> str:
        """Return a text with the secrets masked that one of its decodings has."""
        for plain, encode in decodings:
            masked = self._text(plain, depth + 1)
            if masked != plain:
                return masked if MASKED.fullmatch(masked) else encode(masked)
        return text


_ADDRESSES = frozenset({"x-forwarded-for", "forwarded", "x-real-ip", "host", "x-forwarded-host"})
"""Headers with addresses, which have no user and password."""
_USER_OF_ADDRESS = re.compile(r"""(?<![^\s,;="])[^\s,;="@]++@""")
_ALL, _SCALAR = "all", "scalar"


def _secrecy(name: str) -> str | None:
    """Return whether all in the value of a member is secret, or only texts and numbers, or nothing.

    The member ``token`` of a decision is an object, of which only one member is secret.
    """
    if not is_secret(name):
        return None
    return _SCALAR if name.lower() == "token" else _ALL


def _named_secrets(answer: str) -> Iterator[str]:
    """Yield the texts of secret members in JSON."""
    name = ""
    for token in _TOKEN.finditer(answer):
        if token[3]:
            name = _string(token[1])
        elif token[0].startswith('"') and is_secret(name):
            yield _string(token[1])


def _string(written: str) -> str:
    """Return the content of a JSON string; as written if it is invalid or cut."""
    if "\\" not in written:
        return written
    try:
        return msgspec.json.decode(f'"{written}"', type=str)
    except UNREADABLE:
        return written


def _ends_with_secret_name(text: str) -> str | None:
    """Return the secrecy of the value that follows ``name=`` at the end of a text, or an unquoted member name."""
    head = _OPTIONAL.sub("", text).rstrip()
    if not head.endswith(("=", ":", "=>")):
        return None
    return _secrecy(re.split(r"[\s&?;]", head.rstrip(">")[:-1].rstrip()[-64:])[-1])


def _mask_named(text: str) -> str:
    """Return a text with the values of secret names masked: ``name=value``, ``name: value``, ``'name': 'value'``."""
    parts: list[str] = []
    position = 0
    for named in _NAME.finditer(text):
        name = named[0].rstrip("=:>").rstrip()
        if named.start() < position or not is_secret(name):
            continue
        if value := _VALUE.match(text, named.end()):
            written = value[2] if value[1] else value[2].rstrip(_AFTER)
            is_member = not named[0].endswith(":") or name.endswith("'")
            if not is_member and not _NO_PROSE.match(written):
                continue
            parts += [text[position : value.start(2)], mask(_whole(written))]
            position = value.start(2) + len(written)
    return "".join(parts) + text[position:]


def _whole(written: str) -> str:
    """Return a value of a URL decoded, so that equal secrets have equal masks."""
    return unquote_plus(written) if "%" in written else written


def _masked_user(match: re.Match[str]) -> str:
    return f"{mask(match[0][:-1])}@"


def _mask_unless_empty(secret: str) -> str:
    return mask(secret) if secret else secret


def _mask_cookies(cookies: str) -> str:
    """Return ``name=value; …`` with each value masked."""
    return "; ".join(_mask_cookie(cookie.strip()) for cookie in cookies.split(";"))


def _mask_cookie(cookie: str) -> str:
    name, equals, value = cookie.partition("=")
    return f"{name}={mask(value)}" if equals else mask(cookie)


DEFAULT = Masker()
mask_header = DEFAULT.header
mask_body = DEFAULT.body
mask_form = DEFAULT.form
mask_text = DEFAULT.text
