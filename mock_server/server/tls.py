"""TLS for the mock: a CA and a server certificate generated for the run, or a certificate of another CA."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path

NAMES = ("localhost", "127.0.0.1", "127.0.0.2", "127.0.0.3", "::1", "*.auth.adobe.com", "*.auth-staging.adobe.com")
"""Names in the certificate: loopback, and Adobe's hosts, for services that reach the mock by DNS or a hosts file."""


@dataclass(frozen=True)
class Tls:
    """The SSL context of the server, and the PEM file of the CA that the service under test must trust."""

    certificate_authority: Path
    context: ssl.SSLContext


def make_tls(folder: Path, names: tuple[str, ...] = NAMES, *, wrong_authority: bool = False) -> Tls:
    """Generate a CA and a server certificate, and write the CA to ``folder``/ca.pem.

    With ``wrong_authority``, another CA signs the certificate: a client that verifies certificates refuses it.
    """
    # Imported here: only --tls needs it, and a mock without it starts faster.
    import trustme  # noqa: PLC0415

    authority = trustme.CA()
    issuer = trustme.CA() if wrong_authority else authority
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    issuer.issue_cert(*names).configure_cert(context)
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "ca.pem"
    authority.cert_pem.write_to_path(str(file))
    return Tls(file, context)
