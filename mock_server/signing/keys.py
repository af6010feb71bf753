"""Signing keys of the mock. The default keys are public (fixtures/keys), so that tokens stay verifiable."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cache, lru_cache
from importlib import resources
from pathlib import Path
from typing import Literal

import msgspec
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key
from cryptography.x509 import load_pem_x509_certificate

from pass_harness.mock_server.catalogue import ServiceProvider

AUTHORIZATION_SERVER_BITS = 2048


class KeyName(StrEnum):
    """Names of the signing keys; each can be rotated."""

    AUTHORIZATION_SERVER = "authorization_server"
    MEDIA_TOKEN = "media_token"  # noqa: S105 (a name, no secret)


@dataclass(frozen=True, eq=False)
class Keys:
    """Private RSA keys: for software statements and access tokens, for media tokens, and for user metadata."""

    authorization_server: RSAPrivateKey
    media_token: RSAPrivateKey
    user_metadata: RSAPrivateKey
    """The key of the certificate of service providers without one of their own."""

    def signing(self, name: KeyName) -> RSAPrivateKey:
        return self.media_token if name is KeyName.MEDIA_TOKEN else self.authorization_server

    def certificate_of(self, provider: ServiceProvider) -> RSAPublicKey | None:
        """Return the public key that encrypts user metadata for a service provider; None without a certificate."""
        match provider.certificate:
            case "none":
                return None
            case "built-in":
                return self.user_metadata.public_key()
        return read_public_key(Path(provider.certificate))

    def service_token_key_of(self, provider: ServiceProvider) -> RSAPublicKey | None:
        """Return the public key that verifies service tokens of a service provider; None without one."""
        return read_public_key(Path(provider.service_token_key)) if provider.service_token_key else None


@cache
def read_public_key(path: Path) -> RSAPublicKey:
    """Read a PEM certificate or public key; raise ValueError or OSError for any other file."""
    pem = path.read_bytes()
    key = load_pem_x509_certificate(pem).public_key() if b"CERTIFICATE" in pem else load_pem_public_key(pem)
    if isinstance(key, RSAPublicKey):
        return key
    raise ValueError("the key is not an RSA key")


@lru_cache(maxsize=128)
def read_key(pem: bytes) -> RSAPrivateKey:
    """Parse an unencrypted PEM private key; raise ValueError for any other text, or if the key is not RSA.

    OpenSSL takes 20 ms to check a key, so a cache keeps the last 128 by their text.
    """
    try:
        key = load_pem_private_key(pem, password=None)
    except TypeError as error:
        raise ValueError("the key is encrypted: give it without a password") from error
    if isinstance(key, RSAPrivateKey):
        return key
    raise ValueError("the key is not an RSA key")


def default_keys() -> Keys:
    return load_keys(KeySettings())


def load_keys(settings: KeySettings) -> Keys:
    """Return the configured keys and the published defaults; raise OSError or ValueError for an invalid file."""
    published = resources.files("pass_harness.fixtures") / "keys"

    def key(name: str, configured: str | None) -> RSAPrivateKey:
        file = Path(configured) if configured is not None else published / name
        return read_key(file.read_bytes())

    return Keys(
        authorization_server=key("authorization-server.pem", settings.authorization_server),
        media_token=key("media-token.pem", settings.media_token),
        user_metadata=key("user-metadata.pem", settings.user_metadata),
    )


class KeySettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Signing keys: PEM files of private RSA keys. The default of each is the published key."""

    authorization_server: str | None = None
    """Key that signs software statements and access tokens."""
    media_token: str | None = None
    """Key that signs media tokens."""
    user_metadata: str | None = None
    """Key whose public key encrypts user metadata for service providers without a certificate of their own."""
    media_token_bits: Literal[1024, 2048, 3072, 4096] = 1024
    """Bits of the keys that a rotation of the media-token key generates. Published media tokens have 1024."""
