"""User metadata: attributes of a subscriber that an MVPD shares with a Programmer (source: User metadata).

The catalogue lists the attributes that an MVPD provides at login, and those that it provides only after an
authorization. Confidential attributes are RSA ciphertext for the Programmer's certificate (PKCS #1 v1.5, as Adobe's
OpenSSL recipe decrypts) with the state ``enc``.
"""

from __future__ import annotations

import base64
from functools import lru_cache
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from pass_harness.mock_server.adobe.errors import ApiError
from pass_harness.mock_server.catalogue import Catalogue
from pass_harness.mock_server.domain import degradation
from pass_harness.mock_server.domain.records import Profile
from pass_harness.mock_server.domain.world import World
from pass_harness.mock_server.signing.keys import Keys

ENCRYPTED = frozenset({"zip", "encryptedZip"})


def attributes(world: World, profile: Profile, service_provider: str) -> dict[str, Any]:
    """Return the ``attributes`` of a profile for a service provider, whose certificate encrypts them.

    A profile may be of a login with another service provider (platform identity). ApiError if an attribute needs
    encryption and there is no certificate.
    """
    if profile.type == "degraded":
        return {"userID": _plain(degradation.user_id(profile.viewer))}
    found = _cached_attributes(
        world.catalogue,
        world.keys,
        service_provider,
        profile.mvpd,
        profile.username,
        profile.authorized,
        profile.home_based,
    )
    return {**found, "tokenSource": _plain(profile.issuer)} if profile.type == "appleSSO" else found


@lru_cache(maxsize=10_000)
def _cached_attributes(
    catalogue: Catalogue,
    keys: Keys,
    service_provider: str,
    mvpd: str,
    username: str,
    authorized: bool,
    home_based: bool,
) -> dict[str, Any]:
    """Return the attributes of a subscriber. The cache serves polls and keeps ciphertexts the same.

    Callers share the result and must not modify it.
    """
    subscriber = catalogue.subscribers[username]
    user_id = f"{mvpd}_{username}"
    values = {
        "userID": user_id,
        "upstreamUserID": user_id,
        "householdID": subscriber.household_id,
        "mvpd": mvpd,
        "primaryOID": user_id if subscriber.head_of_household else subscriber.household_id,
        "typeID": "Primary" if subscriber.head_of_household else "Secondary",
        "is_hoh": "1" if subscriber.head_of_household else "0",
        "hba_status": "true" if home_based else "false",
        "allowMirroring": "true",
        "zip": list(subscriber.zip),
        "encryptedZip": subscriber.zip[0] if subscriber.zip else "",
        "channelID": list(subscriber.channels),
        "maxRating": subscriber.max_rating,
        "language": subscriber.language,
        "onNet": "true" if home_based else "false",
        "inHome": "true" if home_based else "false",
    }
    entry = catalogue.mvpds[mvpd]
    names = dict.fromkeys((*entry.metadata, *(entry.metadata_on_authorization if authorized else ())))
    key = keys.certificate_of(catalogue.service_providers[service_provider])
    return {
        name: _encrypted(values[name], key) if name in ENCRYPTED else _plain(values[name])
        for name in names
        if values.get(name) not in (None, "", [], {})
    }


def _plain(value: object) -> dict[str, Any]:
    return {"value": value, "state": "plain"}


def _encrypted(value: object, key: RSAPublicKey | None) -> dict[str, Any]:
    if key is None:
        raise ApiError("invalid_configuration_user_metadata_certificate")
    text = value.encode() if isinstance(value, str) else msgspec.json.encode(value)
    return {"value": base64.b64encode(key.encrypt(text, PKCS1v15())).decode(), "state": "enc"}
