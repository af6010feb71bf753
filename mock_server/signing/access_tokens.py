"""Software statements and access tokens: RS256 JSON Web Tokens with the claims that public ones show."""

from __future__ import annotations

import base64
from collections.abc import Iterable

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256

from pass_harness.mock_server.catalogue import Application

ISSUER = "auth.adobe.com"
_STATEMENT_ISSUED = 1_723_227_212
"""Software statements have no expiry; a fixed issue time makes the same one in every run."""
_PADDING, _HASH = PKCS1v15(), SHA256()


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


class _Claims(msgspec.Struct):
    """The payload of an access token, in the order of public ones; times in seconds."""

    sub: str
    nbf: int
    iss: str
    scopes: str
    exp: int
    iat: int


def access_token(client_id: str, scopes: str, issued: int, not_before: int, expires: int, key: RSAPrivateKey) -> str:
    """Signs an access token; times in seconds."""
    # As jwt.encode writes it, which works out for each token what is the same for all.
    claims = _Claims(client_id, not_before, ISSUER, scopes, expires, issued)
    signed = b"%b.%b" % (_HEADER, _segment(msgspec.json.encode(claims)))
    signature = _segment(key.sign(signed, _PADDING, _HASH))
    return (b"%b.%b" % (signed, signature)).decode()


def _segment(raw: bytes) -> bytes:
    return base64.urlsafe_b64encode(raw).rstrip(b"=")


_HEADER = _segment(b'{"alg":"RS256"}')
