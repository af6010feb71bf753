"""The keys that a space signs with: those the mock was started with, until they are rotated.

What a retired key signed stays good: it is verified with every key that the space has had.
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
    """A space keeps only so many retired keys."""


async def signing_keys(world: World, name: KeyName) -> tuple[RSAPrivateKey, ...]:
    """The keys of that name: the one in use, then the retired ones, latest first."""
    rotated = await world.store.read(ROTATED_KEYS, name)
    configured = world.keys.signing(name)
    return (*(read_key(pem.encode()) for pem in rotated.pems), configured) if rotated is not None else (configured,)


async def rotate(world: World, name: KeyName, bits: int) -> RSAPrivateKey:
    """Makes the space sign with a new key; TooManyRotations if it keeps too many old ones."""
    # Takes long enough to hold up other requests, so it is done in a thread.
    key = await asyncio.to_thread(generate_private_key, 65537, bits)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()

    def step(rotated: RotatedKeys | None) -> tuple[RotatedKeys | None, bool]:
        pems = rotated.pems if rotated is not None else ()
        if len(pems) >= MAX_ROTATIONS:
            return rotated, False
        return RotatedKeys((pem, *pems)), True

    if not await world.store.change(ROTATED_KEYS, name, "", step):
        raise TooManyRotations(f"this space keeps {MAX_ROTATIONS} rotated keys already: reset it")
    return key


async def verify_media_token(
    world: World, now_ms: int, serialized: str, resource: str | None
) -> tuple[Status, MediaToken | None]:
    """Checks a media token at ``now_ms`` with every key that the space has had."""
    answer: tuple[Status, MediaToken | None] = (Status.ERROR_UNKNOWN, None)
    for key in await signing_keys(world, KeyName.MEDIA_TOKEN):
        answer = verify(serialized, resource, now_ms, key.public_key())
        if answer[0] is not Status.INVALID_SIGNATURE:
            break
    return answer
