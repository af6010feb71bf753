"""User metadata: what an MVPD tells a Programmer of its subscriber (source: User metadata).

Which attributes an MVPD tells, and which of them only once it has authorized something, is in the catalogue. What
requires encryption travels as RSA ciphertext for the Programmer's certificate (PKCS #1 v1.5, as Adobe's OpenSSL
recipe decrypts) and has the state ``enc``.
"""

from __future__ import annotations

import base64
from functools import lru_cache
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15

from mock_server.catalogue import Subscriber
from mock_server.domain import degradation
from mock_server.domain.records import Profile
from mock_server.domain.world import World
from mock_server.errors import ApiError
from mock_server.keys import Keys

ENCRYPTED = frozenset({"zip", "encryptedZip"})


def attributes(world: World, profile: Profile) -> dict[str, Any]:
    """The ``attributes`` of a profile; ApiError if one must be encrypted and there is no certificate."""
    if profile.type == "degraded":
        return {"userID": _plain(degradation.user_id(profile.viewer))}
    mvpd = world.catalogue.mvpds[profile.mvpd]
    told = _told_by(world.catalogue.subscribers[profile.username], profile)
    names = [*mvpd.metadata, *(mvpd.metadata_on_authorization if profile.authorized else ())]
    provider = world.catalogue.service_providers[profile.viewer.service_provider]
    return {
        name: _encrypted(told[name], world.keys, provider.certificate) if name in ENCRYPTED else _plain(told[name])
        for name in dict.fromkeys(names)
        if told.get(name) not in (None, "", [], {})
    }


def _told_by(subscriber: Subscriber, profile: Profile) -> dict[str, Any]:
    user_id = f"{profile.mvpd}_{subscriber.username}"
    return {
        "userID": user_id,
        "upstreamUserID": user_id,
        "householdID": subscriber.household_id,
        "mvpd": profile.mvpd,
        "primaryOID": user_id if subscriber.head_of_household else subscriber.household_id,
        "typeID": "Primary" if subscriber.head_of_household else "Secondary",
        "is_hoh": "1" if subscriber.head_of_household else "0",
        "hba_status": "true" if profile.home_based else "false",
        "allowMirroring": "true",
        "zip": list(subscriber.zip),
        "encryptedZip": subscriber.zip[0] if subscriber.zip else "",
        "channelID": list(subscriber.channels),
        "maxRating": subscriber.max_rating,
        "language": subscriber.language,
        "onNet": "true" if profile.home_based else "false",
        "inHome": "true" if profile.home_based else "false",
    }


def _plain(value: object) -> dict[str, Any]:
    return {"value": value, "state": "plain"}


def _encrypted(value: object, keys: Keys, certificate: str) -> dict[str, Any]:
    text = value.encode() if isinstance(value, str) else msgspec.json.encode(value)
    return {"value": _ciphertext(text, keys, certificate), "state": "enc"}


@lru_cache(maxsize=10_000)
def _ciphertext(text: bytes, keys: Keys, certificate: str) -> str:
    """Encrypted once and told again: what a profile says stays what it was."""
    key = keys.certificate(certificate)
    if key is None:
        raise ApiError("invalid_configuration_user_metadata_certificate")
    return base64.b64encode(key.encrypt(text, PKCS1v15())).decode()
