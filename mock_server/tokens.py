"""Software statements and access tokens: RS256 JSON Web Tokens with the claims that public ones show."""

from __future__ import annotations

from dataclasses import dataclass

import jwt

from mock_server.catalogue import Application
from mock_server.keys import Keys

ISSUER = "auth.adobe.com"
_STATEMENT_ISSUED = 1_723_227_212
"""Software statements have no expiry; a fixed issue time makes the same one in every run."""


@dataclass(frozen=True)
class AccessTokenClaims:
    """What an access token says; times in seconds."""

    client_id: str
    scopes: str
    expires: int


def software_statement(application: Application, keys: Keys) -> str:
    """The software statement of an application: no ``kid``, no ``exp``, ``iat`` = ``nbf``."""
    claims = {"sub": application.id, "iss": ISSUER, "nbf": _STATEMENT_ISSUED, "iat": _STATEMENT_ISSUED}
    return jwt.encode(claims, keys.authorization_server, algorithm="RS256", headers={"typ": None})


def application_of(statement: str, keys: Keys) -> str | None:
    """The application id that a genuine software statement names, else None."""
    claims = _verified(statement, keys)
    subject = claims.get("sub") if claims and "exp" not in claims and "scopes" not in claims else None
    return subject if isinstance(subject, str) else None


def access_token(client_id: str, scopes: str, issued: int, not_before: int, expires: int, keys: Keys) -> str:
    """Signs an access token; times in seconds."""
    claims = {"sub": client_id, "nbf": not_before, "iss": ISSUER, "scopes": scopes, "exp": expires, "iat": issued}
    return jwt.encode(claims, keys.authorization_server, algorithm="RS256", headers={"typ": None})


def access_token_claims(token: str, keys: Keys) -> AccessTokenClaims | None:
    """The claims of a genuine access token, whatever its age; None for anything else."""
    match _verified(token, keys):
        case {"sub": str(client_id), "scopes": str(scopes), "exp": int(expires)}:
            return AccessTokenClaims(client_id, scopes, expires)
    return None


def _verified(token: str, keys: Keys) -> dict[str, object] | None:
    # Only signature and issuer: whether it is still valid depends on the clock of the space, not on PyJWT's.
    try:
        return dict(
            jwt.decode(
                token, keys.authorization_server_public, algorithms=["RS256"], issuer=ISSUER, options=time_checks
            )
        )
    except jwt.PyJWTError:
        return None
