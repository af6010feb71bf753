"""Secrets that are recognised by their value, wherever they stand: by their form, or because they are known."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from pass_harness.mock_server.bounded import Bounded
from pass_harness.mock_server.ids import is_issued_secret

_SHORTEST_PASSWORD = 6
_SHORTEST_ISSUED = 16
"""Characters below which a value is not searched for: it would occur in texts by chance."""
_MAX_KNOWN = 100_000
_FORMS = re.compile(
    r"(?<![A-Za-z0-9_.-])eyJ[A-Za-z0-9_-]{8,}+(?:\.[A-Za-z0-9_-]*+){1,4}+"  # JSON Web Token
    r"|PHNpZ25hdHVyZUluZm8[A-Za-z0-9+/_-]++={0,2}"  # media token, Base64 of <signatureInfo…
    r"|PHNhbW(?:xwOlJlc3BvbnNl|wycDpSZXNwb25z)[A-Za-z0-9+/_-]++={0,2}"  # Base64 of <samlp:Response…, <saml2p:…
)
LINK_CODE = re.compile(r"[0-9]{6}")
"""A link code of the SSO Service, in a member ``code``; codes of authentication sessions have seven characters."""
_WITH_LINK_CODE = re.compile(rf'"code"\s*+:\s*+"{LINK_CODE.pattern}"')
_SIGNATURE_INFO = "<signatureInfo>"
_UUID = re.compile(r"(?<![0-9A-Za-z])[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}(?![0-9A-Za-z])")
_WORD = re.compile(r"""[^\s"'<>&?#;,=(){}\[\]|/:]++""")
_LONG_WORD = re.compile(r"""[^\s"'<>&?#;,(){}\[\]|]++""")


def has_secret_form(text: str) -> bool:
    """Return whether a text has a token, a link code, or the client secret of a mock."""
    if ("eyJ" in text or "PHN" in text) and _FORMS.search(text):
        return True
    if '"code"' in text and _WITH_LINK_CODE.search(text):
        return True
    return text.count("-") >= 4 and any(is_issued_secret(found.lower()) for found in _UUID.findall(text))


class KnownSecrets:
    """The secrets that a text is searched for: tokens and client secrets by their form, and those that were added."""

    def __init__(self, accounts: Iterable[tuple[str, str]] = (), control_token: str | None = None) -> None:
        """Know the control token, and the passwords of ``accounts``, pairs of user name and password.

        A password that is short, or the name of a user, is no secret: masked, it would hide the user.
        """
        accounts = list(accounts)
        users = {username for username, _ in accounts}
        self._values: Bounded[str, None] = Bounded(_MAX_KNOWN)
        for password in (control_token or "", *(password for _, password in accounts)):
            if len(password) >= _SHORTEST_PASSWORD and password not in users:
                self._values.put(password, None)

    def __contains__(self, text: str) -> bool:
        return text in self._values

    def add_issued(self, secret: str) -> bool:
        """Know a secret that Adobe Pass issued; return whether it is new. A short value is not a secret."""
        if len(secret) < _SHORTEST_ISSUED or secret in self._values:
            return False
        self._values.put(secret, None)
        return True

    def occur_in(self, text: str) -> bool:
        """Return whether a secret that was added is a word of the text."""
        values = self._values
        if not len(values):
            return False
        return any(map(values.__contains__, _WORD.findall(text))) or any(
            map(values.__contains__, _LONG_WORD.findall(text))
        )

    def replace_in(self, text: str, mask: Callable[[str], str]) -> str:
        """Return the text with each secret replaced by its mask."""
        text = _FORMS.sub(lambda match: mask(match[0]), text)
        text = _UUID.sub(lambda match: mask(match[0]) if is_issued_secret(match[0].lower()) else match[0], text)
        if (start := text.find(_SIGNATURE_INFO)) >= 0:  # a decoded media token
            text = text[:start] + mask(text[start:])
        if self.occur_in(text):
            for words in (_LONG_WORD, _WORD):
                text = words.sub(lambda match: mask(match[0]) if match[0] in self._values else match[0], text)
        return text
