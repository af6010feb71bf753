"""Public keys of the mock in the formats that verifiers read: PEM, JWKS, and a Java keystore."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PublicFormat
from cryptography.hazmat.primitives.serialization.pkcs12 import PKCS12Certificate, serialize_java_truststore
from cryptography.x509 import Certificate, CertificateBuilder, Name, NameAttribute
from cryptography.x509.oid import NameOID
from jwt.algorithms import RSAAlgorithm

KEYSTORE_PASSWORD = "123456"  # noqa: S105 (the published default of Adobe's Media Token Verifier)
_VALID_FROM = datetime(2024, 1, 1, tzinfo=UTC)
_VALID_UNTIL = datetime(2124, 1, 1, tzinfo=UTC)
"""Fixed, so that the certificate of a key is always the same."""
_SERIAL_BYTES = 16


def pem(key: RSAPublicKey) -> str:
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def jwk(key: RSAPublicKey, name: str, *, retired: bool = False) -> dict[str, Any]:
    """Return a JSON Web Key; the members ``name`` and ``retired`` are extensions of the mock."""
    plain = RSAAlgorithm.to_jwk(key, as_dict=True)
    return {
        "kty": plain["kty"],
        "use": "sig",
        "alg": "RS256",
        "kid": thumbprint(key),
        "n": plain["n"],
        "e": plain["e"],
        "name": name,
        "retired": retired,
    }


def thumbprint(key: RSAPublicKey) -> str:
    """Return the JWK thumbprint of a key (RFC 7638)."""
    return base64.urlsafe_b64encode(_digest(key)).rstrip(b"=").decode()


def keystore(keys: Iterable[tuple[str, RSAPrivateKey]], password: str) -> bytes:
    """Return a PKCS#12 keystore with a trusted certificate for each key, under the key's name.

    Java reads it as ``pkcs12`` and, since JDK 8, also as ``jks``.
    """
    certificates = [PKCS12Certificate(_certificate(name, key), name.encode()) for name, key in keys]
    return serialize_java_truststore(certificates, BestAvailableEncryption(password.encode()))


def _certificate(name: str, key: RSAPrivateKey) -> Certificate:
    subject = Name([NameAttribute(NameOID.COMMON_NAME, f"Pass Harness {name}")])
    return (
        CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(int.from_bytes(_digest(key.public_key())[:_SERIAL_BYTES]) | 1)
        .not_valid_before(_VALID_FROM)
        .not_valid_after(_VALID_UNTIL)
        .sign(key, SHA256())
    )


def _digest(key: RSAPublicKey) -> bytes:
    plain = RSAAlgorithm.to_jwk(key, as_dict=True)
    members = {name: plain[name] for name in ("e", "kty", "n")}
    return hashlib.sha256(msgspec.json.encode(members)).digest()
