"""Single sign-on identities from headers.

Platform identity: Adobe-Subject-Token, or Roku's header; a JWS or JWE of the platform, whose signature only a service
of the platform can check. Service token: AD-Service-Token, a JWS of an identity service that the Programmer registers
(source: the header pages). The mock ignores an invalid token: Adobe documents no error for it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import jwt

from pass_harness.mock_server.catalogue import ServiceProvider
from pass_harness.mock_server.domain.viewer import SsoIdentity
from pass_harness.mock_server.signing.keys import Keys

PLATFORM_HEADERS = ("adobe-subject-token", "x-roku-reserved-roku-connect-token")
SERVICE_HEADER = "ad-service-token"
_MAX_TOKEN = 8192
_UNCHECKED = {"verify_signature": False, "verify_exp": False, "verify_aud": False}


def sso_identity(
    header: Callable[[str], str | None], provider: ServiceProvider, keys: Keys, now_ms: int
) -> SsoIdentity | None:
    """Return the single sign-on identity in the headers of a request; the service token takes precedence."""
    token = header(SERVICE_HEADER)
    subject = _service_subject(token, provider, keys, now_ms) if token else None
    if subject is not None:
        return SsoIdentity(profile_type="serviceTokenSSO", subject=_digest(subject))
    for name in PLATFORM_HEADERS:
        token = header(name)
        subject = _platform_subject(token) if token else None
        if subject is not None:
            return SsoIdentity(profile_type="platformSSO", subject=_digest(subject))
    return None


def _service_subject(token: str, provider: ServiceProvider, keys: Keys, now_ms: int) -> str | None:
    if len(token) > _MAX_TOKEN:
        return None
    public_key = keys.service_token_key_of(provider)
    try:
        if public_key is None:
            claims = jwt.decode(token, options=_UNCHECKED)  # type: ignore[arg-type]  # a TypedDict by its members
        else:
            options = {"verify_exp": False, "verify_aud": False, "verify_iat": False, "verify_nbf": False}
            claims = jwt.decode(token, public_key, algorithms=["RS256"], options=options)  # type: ignore[arg-type]
    except jwt.PyJWTError:
        return None
    subject, issuer, expires = claims.get("sub"), claims.get("iss"), claims.get("exp")
    if not isinstance(subject, str) or not isinstance(issuer, str) or not isinstance(expires, int):
        return None
    return f"{issuer} {subject}" if now_ms < expires * 1000 else None


def _platform_subject(token: str) -> str | None:
    if len(token) > _MAX_TOKEN:
        return None
    if token.count(".") == 4:
        return token  # a JWE: only its platform can decrypt it, so the whole token identifies the user
    try:
        subject = jwt.decode(token, options=_UNCHECKED).get("sub")  # type: ignore[arg-type]
    except jwt.PyJWTError:
        return None
    return subject if isinstance(subject, str) and subject else None


def _digest(subject: str) -> str:
    return hashlib.sha256(subject.encode()).hexdigest()
