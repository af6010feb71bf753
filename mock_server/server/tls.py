"""TLS for the mock: a certificate authority and a certificate made for the run, and a wrong one to be refused."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path

NAMES = ("localhost", "127.0.0.1", "127.0.0.2", "127.0.0.3", "::1", "*.auth.adobe.com", "*.auth-staging.adobe.com")
"""What the certificate is for: loopback, and Adobe's hosts for services that are sent here by DNS or hosts file."""


@dataclass(frozen=True)
class Tls:
    """``certificate_authority`` is the PEM file that the service under test shall trust."""

    certificate_authority: Path
    context: ssl.SSLContext


def make_tls(folder: Path, names: tuple[str, ...] = NAMES, *, wrong_authority: bool = False) -> Tls:
    """Makes a CA and a server certificate, and writes the CA to ``folder``/ca.pem.

    With ``wrong_authority`` the certificate comes from another CA than the one written: whoever verifies refuses it.
    """
    # Needed with --tls alone; a mock without starts faster.
    import trustme  # noqa: PLC0415

    authority = trustme.CA()
    issuer = trustme.CA() if wrong_authority else authority
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    issuer.issue_cert(*names).configure_cert(context)
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "ca.pem"
    authority.cert_pem.write_to_path(str(file))
    return Tls(file, context)
