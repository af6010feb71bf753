"""Service tokens of the SSO Service: HS256 JSON Web Tokens with the claims of Adobe's example.

Only the SSO Service verifies them, so their key is a secret of the mock, derived from the configured key of the
authorization server: every process of a mock has it, and it outlasts restarts and rotations.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

ISSUER = "ssoservicetoken"
MAX_TOKEN = 8192
"""Maximum length of a service token in AD-Service-Token, in characters."""
_ALGORITHM = "HS256"
_UNCHECKED: Any = {"verify_signature": False, "verify_exp": False, "verify_aud": False}
_TIMELESS: Any = {
    "verify_exp": False,
    "verify_nbf": False,
    "verify_iat": False,
    "verify_aud": False,
    "verify_sub": False,
}


def service_token(subject: str, issued_s: int, expires_s: int, key: RSAPrivateKey) -> str:
    """Return the service token of a common identifier (X-SSO-ID); times in seconds since the epoch."""
    claims = {"iss": ISSUER, "sub": subject, "nbf": issued_s, "exp": expires_s, "iat": issued_s}
    return jwt.encode(claims, _secret(key), algorithm=_ALGORITHM)


def signed_claims(token: str, key: RSAPrivateKey) -> dict[str, Any]:
    """Return the claims of a service token, expired or not.

    Raises jwt.InvalidSignatureError for another signature, and jwt.PyJWTError if it cannot be checked.
    """
    if len(token) > MAX_TOKEN:
        raise jwt.DecodeError("the token is too long")
    claims: dict[str, Any] = jwt.decode(token, _secret(key), algorithms=[_ALGORITHM], options=_TIMELESS)
    return claims


def claims_to_be_issued_here(token: str) -> bool:
    """Return whether the issuer that a token names, with any signature, is the SSO Service."""
    try:
        return bool(jwt.decode(token, options=_UNCHECKED).get("iss") == ISSUER)
    except jwt.PyJWTError:
        return False


@lru_cache(maxsize=16)
def _secret(key: RSAPrivateKey) -> bytes:
    private = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return hashlib.sha256(f"{ISSUER} ".encode() + private).digest()
