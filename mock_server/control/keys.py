"""Control calls for signing keys and media tokens."""

from __future__ import annotations

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from pass_harness.mock_server.client.models import MediaTokenVerdict, PublicKey, PublicKeys, RotatedKey
from pass_harness.mock_server.config.settings import Settings
from pass_harness.mock_server.control.http import Refused, answer, body_as, space_of
from pass_harness.mock_server.domain import signing
from pass_harness.mock_server.signing.keys import AUTHORIZATION_SERVER_BITS, KeyName
from pass_harness.mock_server.signing.public_keys import jwk, thumbprint


class RotateCall(msgspec.Struct, forbid_unknown_fields=True):
    """Name of the key to rotate."""

    key: KeyName


class VerifyCall(msgspec.Struct, forbid_unknown_fields=True):
    """Media token to verify; without a resource, any resource is right."""

    token: str
    resource: str | None = None


async def public_keys(request: Request) -> Response:
    world = space_of(request).world
    keys = [
        PublicKey(**jwk(key.public_key(), name, retired=age > 0))
        for name in KeyName
        for age, key in enumerate(await signing.signing_keys(world, name))
    ]
    return answer(PublicKeys(keys))


async def rotate_key(request: Request) -> Response:
    body = body_as(request, RotateCall)
    settings: Settings = request.app.state.settings
    bits = settings.keys.media_token_bits if body.key is KeyName.MEDIA_TOKEN else AUTHORIZATION_SERVER_BITS
    try:
        key = await signing.rotate(space_of(request).world, body.key, bits)
    except signing.TooManyRotations as error:
        raise Refused(str(error), 409) from error
    return answer(RotatedKey(body.key, thumbprint(key.public_key())))


async def verify_media_token(request: Request) -> Response:
    body = body_as(request, VerifyCall)
    space = space_of(request)
    verdict = await signing.verify_media_token(space.world, space.clock.now_ms(), body.token.strip(), body.resource)
    return answer(MediaTokenVerdict(*verdict))
