"""The SSO Service: service tokens, link codes, devices of SSO profiles (source: Adobe Single Sign-On Service).

The common identifier of an app (X-SSO-ID) names an SSO profile of a service provider; it is the ``sub`` of the
service tokens. A device belongs to the SSO profile from its first service token until it is unlinked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jwt
import msgspec

from pass_harness.mock_server.adobe.headers import DeviceIdentifier
from pass_harness.mock_server.adobe.sso_errors import (
    INTERNAL_ERROR,
    SIGNATURE_INVALID,
    SIGNATURE_UNREADABLE,
    SUBJECT_MISSING,
    SUBJECT_UNREADABLE,
    TOKEN_EXPIRED,
    TOKEN_INVALID,
    SsoError,
)
from pass_harness.mock_server.domain.records import LINK_CODES, PROFILES, SSO_DEVICES, LinkCode, Profile, SsoDevice
from pass_harness.mock_server.domain.viewer import SsoIdentity, Viewer
from pass_harness.mock_server.domain.world import World
from pass_harness.mock_server.signing.service_tokens import ISSUER, service_token, signed_claims

_MAX_TRIES = 100
"""Number of random link codes to try; with 900,000 codes in use, all are taken once in 38,000 requests."""


@dataclass(frozen=True)
class ServiceToken:
    """A service token: ``text`` as sent, and its contents. Times are whole seconds, in ms since the epoch."""

    text: str
    subject: str
    not_before: int
    not_after: int


def sso_identity_of(subject: str) -> SsoIdentity:
    """Return the single sign-on identity of a common identifier."""
    return SsoIdentity.of("serviceTokenSSO", f"{ISSUER} {subject}")


def issue_token(world: World, now_ms: int, subject: str, lifetime_ms: int) -> ServiceToken:
    """Return a new service token for an SSO profile."""
    issued_s = now_ms // 1000
    expires_s = issued_s + max(lifetime_ms // 1000, 1)
    text = service_token(subject, issued_s, expires_s, world.keys.authorization_server)
    return ServiceToken(text, subject, issued_s * 1000, expires_s * 1000)


def read_token(world: World, now_ms: int, text: str, grace_ms: int = 0) -> ServiceToken:
    """Return the contents of a service token; raise SsoError for an invalid one, or ``grace_ms`` after its expiry."""
    try:
        claims = signed_claims(text, world.keys.authorization_server)
    except jwt.InvalidSignatureError as error:
        raise SsoError(SIGNATURE_INVALID) from error
    except jwt.PyJWTError as error:
        raise SsoError(SIGNATURE_UNREADABLE) from error
    subject = claims.get("sub")
    if subject in (None, ""):
        raise SsoError(SUBJECT_MISSING)
    if not isinstance(subject, str):
        raise SsoError(SUBJECT_UNREADABLE)
    not_after = claims["exp"] * 1000
    if now_ms >= not_after + grace_ms:
        raise SsoError(TOKEN_EXPIRED)
    return ServiceToken(text, subject, claims["nbf"] * 1000, not_after)


async def add_device(
    world: World,
    now_ms: int,
    service_provider: str,
    subject: str,
    device: DeviceIdentifier,
    device_info: dict[str, Any] | None,
    user_agent: str,
) -> None:
    """Add a device to an SSO profile, also after it was unlinked."""
    record = SsoDevice(
        service_provider=service_provider,
        device=device.value,
        device_decoded=device.decoded,
        last_seen=now_ms,
        device_info=device_info,
        user_agent=user_agent,
    )
    await world.store.write(SSO_DEVICES, _partition(service_provider, subject), device.value, record)


async def note_use(world: World, now_ms: int, service_provider: str, subject: str, device: str) -> None:
    """Note that a device uses its SSO profile; raise SsoError if it was unlinked."""

    def step(kept: SsoDevice | None) -> tuple[SsoDevice | None, bool]:
        if kept is None or kept.unlinked:
            return kept, kept is None
        return msgspec.structs.replace(kept, last_seen=now_ms), True

    if not await world.store.change(SSO_DEVICES, _partition(service_provider, subject), device, step):
        raise SsoError(TOKEN_INVALID)


async def devices(world: World, now_ms: int, service_provider: str, subject: str) -> list[tuple[SsoDevice, bool]]:
    """Return the devices of an SSO profile, oldest first, and whether each made a login that they share."""
    partition = _partition(service_provider, subject)
    logins = {login.viewer.device for login in await shared_logins(world, now_ms, partition)}
    rows = await world.store.rows(SSO_DEVICES, partition)
    return [(row, row.device in logins) for row in rows if not row.unlinked]


async def shared_logins(world: World, now_ms: int, partition: str) -> list[Profile]:
    """Return the valid logins that the devices of an SSO profile share; ``partition`` is that of its devices."""
    return [profile for profile in await world.store.rows(PROFILES, partition) if profile.valid(now_ms)]


async def unlink(world: World, service_provider: str, subject: str, wanted: Sequence[str]) -> tuple[str, ...]:
    """Remove devices from an SSO profile; return those that belonged to it, in the given order."""
    partition = _partition(service_provider, subject)
    members = {row.device for row in await world.store.rows(SSO_DEVICES, partition)}
    return tuple(
        [
            device
            for device in dict.fromkeys(wanted)
            if device in members and await world.store.change(SSO_DEVICES, partition, device, _unlinked)
        ]
    )


def _unlinked(kept: SsoDevice | None) -> tuple[SsoDevice | None, bool]:
    if kept is None or kept.unlinked:
        return kept, False
    return msgspec.structs.replace(kept, unlinked=True), True


async def is_unlinked(world: World, viewer: Viewer) -> bool:
    """Return whether a device was removed from the SSO profile of its single sign-on identity."""
    if viewer.shared is None:
        return False
    record = await world.store.read(SSO_DEVICES, viewer.shared, viewer.device)
    return record is not None and record.unlinked


async def create_link(
    world: World, now_ms: int, service_provider: str, subject: str, lifetime_ms: int
) -> tuple[str, LinkCode]:
    """Return a new link code for an SSO profile, and its record."""
    record = LinkCode(service_provider=service_provider, subject=subject, not_after=now_ms + lifetime_ms)

    def step(kept: LinkCode | None) -> tuple[LinkCode, bool]:
        return (record, True) if kept is None or now_ms >= kept.not_after else (kept, False)

    for _ in range(_MAX_TRIES):
        code = world.ids.link_code()
        if await world.store.change(LINK_CODES, code, "", step):
            return code, record
    raise SsoError(INTERNAL_ERROR)


async def use_link(world: World, now_ms: int, service_provider: str, code: str) -> str:
    """Use up a link code; return the common identifier of its SSO profile. SsoError if it is not valid."""

    def step(kept: LinkCode | None) -> tuple[LinkCode | None, LinkCode | SsoError]:
        if kept is None or kept.used or kept.service_provider != service_provider:
            return kept, SsoError(TOKEN_INVALID)
        if now_ms >= kept.not_after:
            return kept, SsoError(TOKEN_EXPIRED)
        return msgspec.structs.replace(kept, used=True), kept

    link = await world.store.change(LINK_CODES, code, "", step)
    if isinstance(link, SsoError):
        raise link
    return link.subject


def _partition(service_provider: str, subject: str) -> str:
    """Return the partition of an SSO profile: that of the profiles that its devices share."""
    return sso_identity_of(subject).shared_by(service_provider)
