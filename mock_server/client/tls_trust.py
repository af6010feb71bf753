"""Whom our own clients trust when they ask a mock, or a service, over TLS."""

from __future__ import annotations

import ssl
from functools import cache

import httpx


@cache
def trusted() -> ssl.SSLContext:
    """The well-known authorities, the system's, and what SSL_CERT_FILE names: the ca.pem of a mock, say."""
    context = httpx.create_ssl_context(trust_env=False)
    context.load_default_certs()
    return context
