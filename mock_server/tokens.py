"""Software statements and access tokens: RS256 JSON Web Tokens with the claims that public ones show."""

from __future__ import annotations

import jwt

from mock_server.catalogue import Application
from mock_server.keys import Keys

ISSUER = "auth.adobe.com"
_STATEMENT_ISSUED = 1_723_227_212
"""Software statements have no expiry; a fixed issue time makes the same one in every run."""


def software_statement(application: Application, keys: Keys) -> str:
    """The software statement of an application: no ``kid``, no ``exp``, ``iat`` = ``nbf``."""
    claims = {"sub": application.id, "iss": ISSUER, "nbf": _STATEMENT_ISSUED, "iat": _STATEMENT_ISSUED}
    return jwt.encode(claims, keys.authorization_server, algorithm="RS256", headers={"typ": None})


def application_of(statement: str, keys: Keys) -> str | None:
    """The application id that a genuine software statement names, else None."""
    try:
        claims = jwt.decode(
            statement,
            keys.authorization_server.public_key(),
            algorithms=["RS256"],
            issuer=ISSUER,
            options={"verify_nbf": False, "verify_iat": False, "require": ["sub"]},
        )
    except jwt.PyJWTError:
        return None
    return str(claims["sub"]) if "scopes" not in claims else None


def access_token(client_id: str, scopes: str, issued: int, not_before: int, expires: int, keys: Keys) -> str:
    """Signs an access token; times in seconds."""
    claims = {"sub": client_id, "nbf": not_before, "iss": ISSUER, "scopes": scopes, "exp": expires, "iat": issued}
    return jwt.encode(claims, keys.authorization_server, algorithm="RS256", headers={"typ": None})
