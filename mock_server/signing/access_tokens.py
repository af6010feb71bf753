"""Software statements and access tokens: RS256 JSON Web Tokens with the claims of published examples."""

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
_STATEMENT_ISSUED_S = 1_723_227_212
"""Fixed issue time of software statements, so that every run has the same; they do not expire."""
_PADDING, _HASH = PKCS1v15(), SHA256()


def software_statement(application: Application, key: RSAPrivateKey) -> str:
    """Return the software statement of an application: no ``kid``, no ``exp``, ``iat`` = ``nbf``."""
    claims = {"sub": application.id, "iss": ISSUER, "nbf": _STATEMENT_ISSUED_S, "iat": _STATEMENT_ISSUED_S}
    return jwt.encode(claims, key, algorithm="RS256", headers={"typ": None})


def application_of(statement: str, keys: Iterable[RSAPrivateKey]) -> str | None:
    """Return the application id of a software statement; return None if none of the keys verifies it."""
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
    """Payload of an access token, in the order of published examples; times in seconds."""

    sub: str
    nbf: int
    iss: str
    scopes: str
    exp: int
    iat: int


def access_token(
    client_id: str, scopes: str, issued_s: int, not_before_s: int, expires_s: int, key: RSAPrivateKey
) -> str:
    """Return a signed access token; times in seconds since the epoch."""
    # The same text as from jwt.encode, but faster: the header is constant.
    claims = _Claims(client_id, not_before_s, ISSUER, scopes, expires_s, issued_s)
    signed = b"%b.%b" % (_HEADER, _segment(msgspec.json.encode(claims)))
    signature = _segment(key.sign(signed, _PADDING, _HASH))
    return (b"%b.%b" % (signed, signature)).decode()


def _segment(raw: bytes) -> bytes:
    return base64.urlsafe_b64encode(raw).rstrip(b"=")


_HEADER = _segment(b'{"alg":"RS256"}')
