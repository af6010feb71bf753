"""Software statements and access tokens: RS256 JSON Web Tokens with the claims that public ones show."""

from __future__ import annotations

from collections.abc import Iterable

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from mock_server.catalogue import Application

ISSUER = "auth.adobe.com"
_STATEMENT_ISSUED = 1_723_227_212
"""Software statements have no expiry; a fixed issue time makes the same one in every run."""


def software_statement(application: Application, key: RSAPrivateKey) -> str:
    """The software statement of an application: no ``kid``, no ``exp``, ``iat`` = ``nbf``."""
    claims = {"sub": application.id, "iss": ISSUER, "nbf": _STATEMENT_ISSUED, "iat": _STATEMENT_ISSUED}
    return jwt.encode(claims, key, algorithm="RS256", headers={"typ": None})


def application_of(statement: str, keys: Iterable[RSAPrivateKey]) -> str | None:
    """The application id that a software statement signed with one of the keys names, else None."""
    for key in keys:
        try:
            claims = jwt.decode(
                statement,
                key.public_key(),
                algorithms=["RS256"],
                issuer=ISSUER,
                options={"verify_nbf": False, "verify_iat": False, "require": ["sub"]},
            )
        except jwt.InvalidSignatureError:
            continue
        except jwt.PyJWTError:
            return None
        return str(claims["sub"]) if "scopes" not in claims else None
    return None


def access_token(client_id: str, scopes: str, issued: int, not_before: int, expires: int, key: RSAPrivateKey) -> str:
    """Signs an access token; times in seconds."""
    claims = {"sub": client_id, "nbf": not_before, "iss": ISSUER, "scopes": scopes, "exp": expires, "iat": issued}
    return jwt.encode(claims, key, algorithm="RS256", headers={"typ": None})
