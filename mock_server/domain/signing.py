"""Signing keys of a space: the configured keys until a rotation replaces them.

Retired keys still verify what they signed.
"""

from __future__ import annotations

import asyncio

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from pass_harness.mock_server.domain.records import ROTATED_KEYS, RotatedKeys
from pass_harness.mock_server.domain.world import World
from pass_harness.mock_server.signing.keys import KeyName, read_key
from pass_harness.mock_server.signing.media_tokens import MediaToken, Status, verify

MAX_ROTATIONS = 100


class TooManyRotations(Exception):
    """A space has the maximum number of retired keys."""


async def signing_keys(world: World, name: KeyName) -> tuple[RSAPrivateKey, ...]:
    """Return the keys of that name: the current one, then the retired ones, latest first."""
    rotated = await world.store.read(ROTATED_KEYS, name)
    configured = world.keys.signing(name)
    return (*(read_key(pem.encode()) for pem in rotated.pems), configured) if rotated is not None else (configured,)


async def rotate(world: World, name: KeyName, bits: int) -> RSAPrivateKey:
    """Replace the signing key of a space; return the new key. TooManyRotations if there are too many retired ones."""
    # In a thread, because key generation would block the event loop.
    key = await asyncio.to_thread(generate_private_key, 65537, bits)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()

    def step(rotated: RotatedKeys | None) -> tuple[RotatedKeys | None, bool]:
        pems = rotated.pems if rotated is not None else ()
        if len(pems) >= MAX_ROTATIONS:
            return rotated, False
        return RotatedKeys((pem, *pems)), True

    if not await world.store.change(ROTATED_KEYS, name, "", step):
        raise TooManyRotations(f"this space has {MAX_ROTATIONS} rotated keys already: reset it")
    return key


async def verify_media_token(
    world: World, now_ms: int, serialized: str, resource: str | None
) -> tuple[Status, MediaToken | None]:
    """Verify a media token at ``now_ms`` with the current and the retired keys of the space."""
    result: tuple[Status, MediaToken | None] = (Status.ERROR_UNKNOWN, None)
    for key in await signing_keys(world, KeyName.MEDIA_TOKEN):
        result = verify(serialized, resource, now_ms, key.public_key())
        if result[0] is not Status.INVALID_SIGNATURE:
            break
    return result
