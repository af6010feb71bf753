"""The keys that the mock signs with. By default those published in fixtures/keys, so that tokens stay verifiable."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key


@dataclass(frozen=True)
class Keys:
    """Private RSA keys: one for software statements and access tokens, one for media tokens."""

    authorization_server: RSAPrivateKey
    media_token: RSAPrivateKey


def read_key(pem: bytes) -> RSAPrivateKey:
    """Reads an unencrypted PEM private key; ValueError if it is none, or not RSA."""
    try:
        key = load_pem_private_key(pem, password=None)
    except TypeError as error:
        raise ValueError("the key is encrypted: give it without a password") from error
    if isinstance(key, RSAPrivateKey):
        return key
    raise ValueError("the key is not an RSA key")


def default_keys() -> Keys:
    folder = resources.files("fixtures") / "keys"
    return Keys(
        authorization_server=read_key((folder / "authorization-server.pem").read_bytes()),
        media_token=read_key((folder / "media-token.pem").read_bytes()),
    )
