"""Masking of secrets in the journal: a prefix of the SHA-256 digest replaces a secret, so that equal ones stay equal.

Masked values stay unchanged, so reading and writing a trace is lossless.
"""

from __future__ import annotations

import hashlib
import re

MASKED_HEADERS = frozenset({"ad-service-token", "adobe-subject-token", "x-roku-reserved-roku-connect-token"})
MASKED = re.compile(r"sha256:[0-9a-f]{16}")
"""A masked secret."""
_BEARER = re.compile(r"^(bearer)\s+(\S.*)$", re.IGNORECASE)
_SECRET_HEADERS = MASKED_HEADERS | {"authorization", "cookie", "set-cookie"}
_JSON_SECRETS = ("access_token", "client_secret", "serializedToken", "software_statement", "SAMLResponse")
_FORM_SECRETS = ("client_secret", "software_statement", "SAMLResponse", "password")
_SECRETS = tuple(dict.fromkeys((*_JSON_SECRETS, *_FORM_SECRETS)))
# A truncated body may end within a secret.
_JSON_SECRET = re.compile(rf'("(?:{"|".join(_JSON_SECRETS)})"\s*:\s*")((?:[^"\\]|\\.)*+)("|\\?\Z)')
_FORM_SECRET = re.compile(rf"(?:(?<=^)|(?<=&))((?:{'|'.join(_FORM_SECRETS)})=)([^&]*)")


def mask(secret: str) -> str:
    """Return ``sha256:`` and the first 16 hexadecimal digits of the secret's digest."""
    if MASKED.fullmatch(secret):
        return secret
    return "sha256:" + hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def mask_header(name: str, value: str) -> str:
    """Return the value of a header (lower-case name) with its secrets masked."""
    if name not in _SECRET_HEADERS:
        return value
    match name:
        case "authorization":
            bearer = _BEARER.match(value)
            return f"{bearer[1]} {mask(bearer[2].strip())}" if bearer else mask(value)
        case "cookie":
            return _mask_cookies(value)
        case "set-cookie":
            # The attributes of a cookie are not secret.
            cookie, semicolon, attributes = value.partition(";")
            return _mask_cookies(cookie) + semicolon + attributes
    return mask(value)


def mask_body(body: str) -> str:
    """Return a JSON or form body with its secrets masked."""
    if not _may_have_secrets(body):
        return body
    return mask_form(_JSON_SECRET.sub(lambda m: m[1] + mask(m[2]) + m[3], body))


def mask_form(form: str) -> str:
    """Return a form or query string with its secrets masked."""
    return _FORM_SECRET.sub(lambda m: m[1] + mask(m[2]), form) if _may_have_secrets(form) else form


def _may_have_secrets(text: str) -> bool:
    """Return whether a name of a secret occurs; ten times as fast as the patterns, and false for most bodies."""
    if not text:
        return False
    for name in _SECRETS:  # noqa: SIM110 - any() costs as much as the search
        if name in text:
            return True
    return False


def _mask_cookies(cookies: str) -> str:
    """Return ``name=value; …`` with each value masked."""
    return "; ".join(_mask_cookie(cookie.strip()) for cookie in cookies.split(";"))


def _mask_cookie(cookie: str) -> str:
    name, equals, value = cookie.partition("=")
    return f"{name}={mask(value)}" if equals else mask(cookie)
