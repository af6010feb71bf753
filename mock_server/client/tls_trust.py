"""The CA certificates that the clients of Pass Harness trust, and errors about those that they do not trust."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from functools import cache

import httpx

REMEDY = "Set the environment variable SSL_CERT_FILE to the certificate of its CA, such as pass-mock-tls/ca.pem"


@cache
def tls_context() -> ssl.SSLContext:
    """Return an SSL context that trusts public CAs, those of the system, and those in SSL_CERT_FILE."""
    context = httpx.create_ssl_context(trust_env=False)
    context.load_default_certs()
    return context


def untrusted_certificate(error: BaseException) -> str | None:
    """Return why a certificate is not trusted, if that caused the error: "its certificate is not trusted: …"."""
    for cause in causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"its certificate is not trusted: {cause.verify_message}"
    return None


def causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and all its causes, those in groups included."""
    pending: list[BaseException | None] = [error]
    seen: set[int] = set()
    while pending:
        cause = pending.pop()
        if cause is None or id(cause) in seen:
            continue
        seen.add(id(cause))
        yield cause
        pending += [cause.__cause__, cause.__context__, *getattr(cause, "exceptions", ())]
