"""Profiles: logins of viewers with MVPDs, by device.

A profile belongs to the device of the login. With a single sign-on identity in the session, every other device of
that identity shares it, where the catalogue allows (source: Profiles pages, Single sign-on flows, Roku SSO Cookbook).
"""

from __future__ import annotations

from collections.abc import Callable, Container
from functools import partial

import msgspec

from pass_harness.mock_server.domain.records import PERMITS, PROFILES, SHARERS, Profile
from pass_harness.mock_server.domain.sso_service import is_unlinked
from pass_harness.mock_server.domain.viewer import Viewer
from pass_harness.mock_server.domain.world import World

Usable = Callable[[Profile], bool]
"""Condition of a request for profiles, besides their validity."""


def any_profile(_: Profile) -> bool:
    """Return True: every valid profile counts."""
    return True


def is_regular(profile: Profile) -> bool:
    """Return whether a profile is of the device's own login with the MVPD, not of single sign-on."""
    return profile.type == "regular"


async def save(world: World, profile: Profile) -> Profile:
    """Store a new profile, for the device and for its single sign-on identity, and return it as stored.

    Permits of earlier logins are void.
    """
    viewer = profile.viewer
    profile = msgspec.structs.replace(profile, login=world.ids.uuid())
    await world.store.write(PROFILES, viewer.owner, profile.mvpd, profile)
    if viewer.shared is not None and viewer.sso is not None and _shares(world, viewer, profile.mvpd):
        shared = msgspec.structs.replace(profile, type=viewer.sso.profile_type)
        await world.store.write(PROFILES, viewer.shared, profile.mvpd, shared)
        await world.store.write(SHARERS, f"{viewer.shared} {profile.mvpd}", viewer.owner, viewer)
    return profile


def _shares(world: World, viewer: Viewer, mvpd: str) -> bool:
    """Return False if the integration has platform single sign-on disabled on the viewer's platform."""
    if viewer.sso is None or viewer.sso.profile_type != "platformSSO":
        return True
    flags = world.catalogue.platform_flags(viewer.service_provider, mvpd, viewer.sso.platform)
    return flags.enable_platform_services is not False


async def find(world: World, now_ms: int, viewer: Viewer, mvpd: str, usable: Usable = any_profile) -> Profile | None:
    """Return a viewer's profile with an MVPD; if none is valid and usable, another one.

    Of two profiles that count, or of two that do not, the device's own takes precedence.
    """
    found: Profile | None = None
    for partition in (viewer.owner, viewer.shared if _shares(world, viewer, mvpd) else None):
        if partition is None:
            continue
        profile = await world.store.read(PROFILES, partition, mvpd)
        if profile is None or not _has_subscriber(world, profile):
            continue
        if profile.valid(now_ms) and usable(profile):
            return profile
        found = found or profile
    return found


async def valid(
    world: World, now_ms: int, viewer: Viewer, mvpd: str | None = None, usable: Usable = any_profile
) -> list[Profile]:
    """Return the valid and usable profiles of a viewer with all MVPDs of enabled integrations, or with one MVPD.

    The caller has checked the integration of one MVPD.
    """
    by_mvpd: dict[str, Profile] = {}
    own = viewer.owner
    for partition in (own, viewer.shared):
        for profile in await world.store.rows(PROFILES, partition) if partition else ():
            if mvpd not in (None, profile.mvpd) or profile.mvpd in by_mvpd:
                continue
            if not (profile.valid(now_ms) and _has_subscriber(world, profile) and usable(profile)):
                continue
            if mvpd is None and not await world.integrated(viewer.service_provider, profile.mvpd):
                continue
            if partition == own or _shares(world, viewer, profile.mvpd):
                by_mvpd[profile.mvpd] = profile
    return list(by_mvpd.values())


def _has_subscriber(world: World, profile: Profile) -> bool:
    """Return False if a restart with another catalogue has removed the subscriber of a profile."""
    return profile.username in world.catalogue.subscribers


async def mark_authorized(world: World, profile: Profile) -> None:
    """Mark a profile as authorized: its user metadata then includes the attributes that need an authorization."""
    if profile.authorized:
        return
    for partition in (profile.viewer.owner, profile.viewer.shared):
        if partition is not None:
            await world.store.change(PROFILES, partition, profile.mvpd, _authorized)


def _authorized(profile: Profile | None) -> tuple[Profile | None, None]:
    return (msgspec.structs.replace(profile, authorized=True) if profile else None), None


async def remove(world: World, viewer: Viewer, mvpd: str) -> None:
    """Delete the device's own profile and permits and, with a single sign-on identity, those of all who share it.

    A device that was removed from the SSO profile keeps a login of its own: it no longer shares it.
    """
    await world.store.delete(PROFILES, viewer.owner, mvpd)
    await _delete_permits(world, viewer.owner, mvpd)
    shared = viewer.shared
    if shared is None or not _shares(world, viewer, mvpd):
        return
    await world.store.delete(PROFILES, shared, mvpd)
    sharers = f"{shared} {mvpd}"
    for sharer in await world.store.rows(SHARERS, sharers):
        if await is_unlinked(world, sharer):
            continue
        await world.store.delete(SHARERS, sharers, sharer.owner)  # first: a login from now on adds itself again
        if await world.store.change(PROFILES, sharer.owner, mvpd, partial(_without_identity, shared)):
            await _delete_permits(world, sharer.owner, mvpd)


def _without_identity(shared: str, profile: Profile | None) -> tuple[Profile | None, bool]:
    """Delete a device's own profile if its login shared it; the device may have logged in again without."""
    if profile is None or profile.viewer.shared != shared:
        return profile, False
    return None, True


async def end(
    world: World,
    *,
    service_provider: str | None = None,
    mvpd: str | None = None,
    client_id: str | None = None,
    device: str | None = None,
) -> int:
    """End the matching profiles, as an MVPD would (``device`` decoded); return the number of logins ended."""
    ended = set()
    for partition, item, profile in await world.store.all_rows(PROFILES):
        viewer = profile.viewer
        if (
            not profile.ended
            and service_provider in (None, viewer.service_provider)
            and mvpd in (None, profile.mvpd)
            and client_id in (None, viewer.client_id)
            and device in (None, viewer.device_decoded)
        ):
            await world.store.change(PROFILES, partition, item, _ended)
            await _delete_permits(world, viewer.owner, item)
            ended.add((viewer.owner, item))
    return len(ended)


async def end_of_clients(world: World, client_ids: Container[str]) -> None:
    """End the profiles of logins with these clients, also where a single sign-on identity shares them."""
    for partition, item, profile in await world.store.all_rows(PROFILES):
        if not profile.ended and profile.viewer.client_id in client_ids:
            await world.store.change(PROFILES, partition, item, _ended)
            await _delete_permits(world, profile.viewer.owner, item)


def _ended(profile: Profile | None) -> tuple[Profile | None, None]:
    return (msgspec.structs.replace(profile, ended=True) if profile else None), None


async def _delete_permits(world: World, owner: str, mvpd: str) -> None:
    await world.store.delete_partition(PERMITS, f"{owner} {mvpd}")
