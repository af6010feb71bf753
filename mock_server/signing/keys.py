"""The keys that the mock signs with. By default those published in fixtures/keys, so that tokens stay verifiable."""

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
    """The keys that sign; each can be rotated."""

    AUTHORIZATION_SERVER = "authorization_server"
    MEDIA_TOKEN = "media_token"  # noqa: S105 (a name, no secret)


@dataclass(frozen=True, eq=False)
class Keys:
    """Private RSA keys: for software statements and access tokens, for media tokens, and for user metadata."""

    authorization_server: RSAPrivateKey
    media_token: RSAPrivateKey
    user_metadata: RSAPrivateKey
    """Its public half stands for the certificate of service providers that name none of their own."""

    def signing(self, name: KeyName) -> RSAPrivateKey:
        return self.media_token if name is KeyName.MEDIA_TOKEN else self.authorization_server

    def certificate_of(self, provider: ServiceProvider) -> RSAPublicKey | None:
        """The key that user metadata of a service provider is encrypted for; None if it has no certificate."""
        match provider.certificate:
            case "none":
                return None
            case "built-in":
                return self.user_metadata.public_key()
        return read_public_key(Path(provider.certificate))

    def service_token_key_of(self, provider: ServiceProvider) -> RSAPublicKey | None:
        """The key that service tokens of a service provider must be signed with, if it names one."""
        return read_public_key(Path(provider.service_token_key)) if provider.service_token_key else None


@cache
def read_public_key(path: Path) -> RSAPublicKey:
    """Reads a PEM certificate or public key; ValueError or OSError if it is none."""
    pem = path.read_bytes()
    key = load_pem_x509_certificate(pem).public_key() if b"CERTIFICATE" in pem else load_pem_public_key(pem)
    if isinstance(key, RSAPublicKey):
        return key
    raise ValueError("the key is not an RSA key")


@lru_cache(maxsize=128)
def read_key(pem: bytes) -> RSAPrivateKey:
    """Read an unencrypted PEM private key; raise ValueError if it is none, or not RSA.

    OpenSSL takes 20 ms to check a key, so the last 128 are kept, by their text: a file that changes has another text.
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
    """The configured keys, and the published ones for the rest; OSError or ValueError for a file that holds none."""
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
    """The keys that the mock signs with: PEM files of private RSA keys; without one, the published key."""

    authorization_server: str | None = None
    """Signs software statements and access tokens."""
    media_token: str | None = None
    """Signs media tokens."""
    user_metadata: str | None = None
    """Its public half encrypts user metadata of service providers without a certificate of their own."""
    media_token_bits: Literal[1024, 2048, 3072, 4096] = 1024
    """The length of a media-token key made by rotation; public media tokens carry signatures of 1024 bits."""
