"""Names of headers, parameters and members whose values are secret, in any spelling."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from urllib.parse import unquote_plus

FRAGMENTS = (
    "token",
    "secret",
    "passw",
    "passp",
    "passc",
    "pass_",
    "pass-",
    "pwd",
    "statement",
    "saml",
    "assertion",
    "authorizat",
    "apik",
    "api_",
    "api-",
    "jwt",
    "bearer",
    "cookie",
    "x-sso",
    "x_sso",
    "xsso",
)
"""Every secret name that is written plainly contains one of these, in lower case."""
_SECRET = re.compile(
    r"password|passwd|passphrase"
    r"|(?:token|secret|pwd|passcode|statement|assertion|authorization|apikey|jwt|bearer|cookie)s?\Z"
    r"|saml(?:attributequery)?response\Z"
    r"|xsso(?:id|link)\Z"
)
_SEPARATORS = re.compile(r"[^a-z0-9]++")
_LONGEST_CACHED = 200


def is_secret(name: str) -> bool:
    """Return whether the value of this name is secret: client_secret, clientSecret, CLIENT-SECRET, user[password]."""
    return _is_secret(name) if len(name) <= _LONGEST_CACHED else _is_secret.__wrapped__(name)


@lru_cache(maxsize=4096)
def _is_secret(name: str) -> bool:
    plain = unicodedata.normalize("NFKC", unquote_plus(name)).casefold()
    return _SECRET.search(_SEPARATORS.sub("", plain).rstrip("0123456789")) is not None
