"""User metadata: attributes of a subscriber that an MVPD shares with a Programmer (source: User metadata).

The catalogue lists the attributes that an MVPD provides at login, and those that it provides only after an
authorization. An integration may disable some, and encrypts the confidential ones: these are RSA ciphertext for the
Programmer's certificate (PKCS #1 v1.5, as Adobe's OpenSSL recipe decrypts) with the state ``enc``.
"""

from __future__ import annotations

import base64
from functools import lru_cache
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from pass_harness.mock_server.adobe.errors import ApiError
from pass_harness.mock_server.catalogue import Catalogue, Mvpd, Subscriber
from pass_harness.mock_server.domain import degradation
from pass_harness.mock_server.domain.records import Profile
from pass_harness.mock_server.domain.world import World
from pass_harness.mock_server.signing.keys import Keys


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
        user_id(world, profile),
        profile.authorized,
        profile.home_based,
    )
    return {**found, "tokenSource": _plain(profile.issuer)} if profile.type == "appleSSO" else found


def user_id(world: World, profile: Profile) -> str:
    """Return the userID that the MVPD assigns to the viewer of a profile.

    It is the householdID unless the viewer has an account of their own, beside that of the head of household (source:
    User metadata), and new for each login at some MVPDs (source: Understanding server-side metrics).
    """
    mvpd, subscriber = world.catalogue.mvpds[profile.mvpd], world.catalogue.subscribers[profile.username]
    if mvpd.user_ids == "transient":
        return profile.login
    return _household_id(mvpd, subscriber) if _is_primary(mvpd, subscriber) else _account_id(mvpd, subscriber)


def _is_primary(mvpd: Mvpd, subscriber: Subscriber) -> bool:
    return subscriber.head_of_household or not mvpd.sub_accounts


def _household_id(mvpd: Mvpd, subscriber: Subscriber) -> str:
    return subscriber.household_id or _account_id(mvpd, subscriber)


def _account_id(mvpd: Mvpd, subscriber: Subscriber) -> str:
    return f"{mvpd.id}_{subscriber.username}"


@lru_cache(maxsize=10_000)
def _cached_attributes(
    catalogue: Catalogue,
    keys: Keys,
    service_provider: str,
    mvpd: str,
    username: str,
    account_id: str,
    authorized: bool,
    home_based: bool,
) -> dict[str, Any]:
    """Return the attributes of a subscriber. The cache serves polls and keeps ciphertexts the same.

    Callers share the result and must not modify it.
    """
    entry, subscriber = catalogue.mvpds[mvpd], catalogue.subscribers[username]
    primary = _is_primary(entry, subscriber)
    household_id = account_id if primary else _household_id(entry, subscriber)
    values = {
        "userID": account_id,
        "upstreamUserID": account_id,
        "householdID": household_id,
        "mvpd": mvpd,
        "primaryOID": household_id,
        "typeID": "Primary" if primary else "Secondary",
        "is_hoh": "1" if primary else "0",
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
    names = dict.fromkeys((*entry.metadata, *(entry.metadata_on_authorization if authorized else ())))
    integration = catalogue.integration(service_provider, mvpd)
    key = keys.certificate_of(catalogue.service_providers[service_provider])
    return {
        name: _encrypted(values[name], key) if name in integration.encrypted_metadata else _plain(values[name])
        for name in names
        if values[name] not in ("", [], {}) and (integration.metadata is None or name in integration.metadata)
    }


def _plain(value: object) -> dict[str, Any]:
    return {"value": value, "state": "plain"}


def _encrypted(value: object, key: RSAPublicKey | None) -> dict[str, Any]:
    if key is None:
        raise ApiError("invalid_configuration_user_metadata_certificate")
    text = value.encode() if isinstance(value, str) else msgspec.json.encode(value)
    return {"value": base64.b64encode(key.encrypt(text, PKCS1v15())).decode(), "state": "enc"}
