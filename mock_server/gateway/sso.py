"""Single sign-on identities from headers.

Platform identity: Adobe-Subject-Token, or Roku's header; a JWS or JWE of the platform, whose signature only a service
of the platform can check. Service token: AD-Service-Token, a JWS of the SSO Service, whose own signature counts, or
of an identity service that the Programmer registers (source: the header pages, Adobe Single Sign-On Service). The
mock ignores an invalid or expired token: Adobe documents no error for it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jwt

from pass_harness.mock_server.catalogue import ServiceProvider
from pass_harness.mock_server.domain.viewer import SsoIdentity
from pass_harness.mock_server.signing.keys import Keys
from pass_harness.mock_server.signing.service_tokens import MAX_TOKEN, claims_to_be_issued_here, signed_claims

PLATFORM_HEADERS = ("adobe-subject-token", "x-roku-reserved-roku-connect-token")
SERVICE_HEADER = "ad-service-token"
_UNCHECKED: Any = {"verify_signature": False, "verify_exp": False, "verify_aud": False}
_TIMELESS: Any = {"verify_exp": False, "verify_aud": False, "verify_iat": False, "verify_nbf": False}


def sso_identity(
    header: Callable[[str], str | None],
    provider: ServiceProvider,
    keys: Keys,
    now_ms: int,
    platform: Callable[[], str | None],
) -> SsoIdentity | None:
    """Return the single sign-on identity in the headers of a request; the service token takes precedence.

    ``platform`` returns that of the device; most requests have no identity and need none. Each platform has a header
    of its own, so the same subject in another header is another user.
    """
    token = header(SERVICE_HEADER)
    subject = _service_subject(token, provider, keys, now_ms) if token else None
    if subject is not None:
        return SsoIdentity.of("serviceTokenSSO", subject, platform())
    for name in PLATFORM_HEADERS:
        token = header(name)
        subject = _platform_subject(token, now_ms) if token else None
        if subject is not None:
            return SsoIdentity.of("platformSSO", f"{name} {subject}", platform())
    return None


def _service_subject(token: str, provider: ServiceProvider, keys: Keys, now_ms: int) -> str | None:
    if len(token) > MAX_TOKEN:
        return None
    public_key = keys.service_token_key_of(provider)
    try:
        if claims_to_be_issued_here(token):
            claims = signed_claims(token, keys.authorization_server)
        elif public_key is None:
            claims = jwt.decode(token, options=_UNCHECKED)
        else:
            claims = jwt.decode(token, public_key, algorithms=["RS256"], options=_TIMELESS)
    except jwt.PyJWTError:
        return None
    subject, issuer = claims.get("sub"), claims.get("iss")
    if not isinstance(subject, str) or not isinstance(issuer, str) or not _is_current(claims.get("exp"), now_ms):
        return None
    return f"{issuer} {subject}"


def _platform_subject(token: str, now_ms: int) -> str | None:
    if len(token) > MAX_TOKEN:
        return None
    if token.count(".") == 4:
        return token  # a JWE: only its platform can decrypt it, so the whole token identifies the user
    try:
        claims = jwt.decode(token, options=_UNCHECKED)
    except jwt.PyJWTError:
        return None
    subject, expires = claims.get("sub"), claims.get("exp")
    if expires is not None and not _is_current(expires, now_ms):
        return None
    return subject if isinstance(subject, str) and subject else None


def _is_current(expires: object, now_ms: int) -> bool:
    """Return whether an `exp` has not passed; it may have a fraction of a second (RFC 7519, NumericDate)."""
    return isinstance(expires, int | float) and now_ms < expires * 1000
