"""Redacted headers: placeholders that sanitisers of archives, and people, leave in the place of access tokens.

A placeholder is equal for all requests and valid for none, so every request would be a violation.
"""

from __future__ import annotations

import re
from functools import lru_cache

CHECKED = frozenset({"authorization", "ap-device-identifier", "x-device-info", "x-forwarded-for"})
"""Headers, in lower case, whose redaction makes an archive unusable."""
REMEDY = (
    "is redacted, so its requests cannot be judged: export the archive again with sensitive data and without a "
    "sanitiser (this command masks secrets while it reads)"
)
_LONGEST = 200
"""Maximum number of characters of a placeholder."""
_SCHEME = re.compile(r"(?:bearer|basic|fingerprint)\s+", re.IGNORECASE)
_STROKES = re.compile(r"[*xX#•●·…._\-\s]{3,}|\*+|•+|…+")
_PARTIAL = re.compile(r"[*•●…]|\.{3}|(?:\d{1,3}\.){1,3}[xX]{1,3}\b")
"""Marks in a value whose rest stayed: no token, no Base64 and no address has these characters."""
_WORD = re.compile(
    r"(?<![a-z0-9])(?:redact(?:ed|ion)?|hidden|hid|mask(?:ed)?|remov(?:ed|al)|filter(?:ed)?|sanit[iy][sz]ed|scrubbed|"
    r"censored|obfuscated|anonymi[sz]ed|stripped|omitted|deleted|erased|suppressed|concealed|withheld|confidential|"
    r"sensitive|private)(?![a-z0-9])",
    re.IGNORECASE,
)
_BRACKETED = re.compile(r"<[^<>]*>|\[[^\[\]]*\]|\(+[^()]*\)+|\$?\{+[^{}]*\}+|%[^%]*%")
_TEMPLATE = re.compile(r"<[a-zA-Z_ -]*>|\[[a-zA-Z_ -]*\]|\$?\{+[a-zA-Z_ .-]*\}+")
_OTHER = re.compile(r"(?<![a-z])(?:client|id|clientid|code|the|value)(?![a-z])", re.IGNORECASE)
_SIGNS = " -.:*<>[](){}"
_EXAMPLE = re.compile(
    r"(?:(?:your|my|the|some)[-_ ]*(?:access|bearer|auth|oauth|jwt)?|access|bearer|auth|oauth|jwt)"
    r"[-_ ]*(?:token|jwt)(?:[-_ ]here)?"
)
_EMPTY = frozenset(
    {"null", "undefined", "none", "nil", "secret", "placeholder", "dummy", "example", "value", "string"}
)


@lru_cache(maxsize=1024)
def is_redacted(value: str) -> bool:
    """Return whether the value of a header is a mark of redaction, or has one, whatever the response."""
    if _PARTIAL.search(value) and not value.lstrip().startswith("{"):  # JSON that should be Base64 is judged
        return True
    if len(value) > _LONGEST and not value.endswith(".redacted"):
        return False
    secret = _SCHEME.sub("", value.strip(), count=1)
    return bool(_STROKES.fullmatch(secret) or _WORD.search(value.replace("_", " ")))


@lru_cache(maxsize=1024)
def is_placeholder(value: str) -> bool:
    """Return whether a value cannot be an access token: none at all, or a text such as ``Bearer <token>``.

    A service may send such a text by mistake. Only a successful response shows that it sent another one.
    """
    secret = _SCHEME.sub("", value.strip() + " ", count=1).strip()
    if not secret or secret.lower() in {"bearer", "basic"}:
        return True
    if len(secret) > _LONGEST:
        return False
    lower = secret.lower()
    return lower in _EMPTY or bool(_BRACKETED.fullmatch(secret) or _EXAMPLE.fullmatch(lower))


@lru_cache(maxsize=1024)
def is_redacted_identifier(value: str) -> bool:
    """Return whether a client_id or a code is a mark of redaction; a name such as ``private-app`` is none."""
    if len(value) > _LONGEST:
        return False
    words = value.replace("_", " ")
    rest = _WORD.sub("", words)
    is_mark = rest != words and not _OTHER.sub("", rest).strip(_SIGNS)
    return is_mark or bool(_STROKES.fullmatch(value) or _TEMPLATE.fullmatch(value))
