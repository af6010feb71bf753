"""Profiles: logins of viewers with MVPDs, by device.

A profile belongs to the device of the login. With a single sign-on identity in the session, every other device of
that identity shares it (source: Profiles pages, Single sign-on flows).
"""

from __future__ import annotations

import msgspec

from pass_harness.mock_server.domain.records import PERMITS, PROFILES, Profile
from pass_harness.mock_server.domain.viewer import Viewer
from pass_harness.mock_server.domain.world import World


async def save(world: World, profile: Profile) -> None:
    """Store a new profile, for the device and for its single sign-on identity."""
    viewer = profile.viewer
    await world.store.write(PROFILES, viewer.owner, profile.mvpd, profile)
    if viewer.shared is not None and viewer.sso is not None:
        shared = msgspec.structs.replace(profile, type=viewer.sso.profile_type)
        await world.store.write(PROFILES, viewer.shared, profile.mvpd, shared)


async def find(world: World, viewer: Viewer, mvpd: str) -> Profile | None:
    """Return a viewer's profile with an MVPD, be it expired or ended; the device's own takes precedence."""
    own = await world.store.read(PROFILES, viewer.owner, mvpd)
    if own is not None or viewer.shared is None:
        return own
    return await world.store.read(PROFILES, viewer.shared, mvpd)


async def valid(world: World, now_ms: int, viewer: Viewer, mvpd: str | None = None) -> list[Profile]:
    """Return the valid profiles of a viewer with all MVPDs of enabled integrations, or with one MVPD."""
    by_mvpd: dict[str, Profile] = {}
    for partition in (viewer.owner, viewer.shared):
        for profile in await world.store.rows(PROFILES, partition) if partition else ():
            selected = mvpd in (None, profile.mvpd) and profile.mvpd not in by_mvpd
            if selected and profile.valid(now_ms) and await world.integrated(viewer.service_provider, profile.mvpd):
                by_mvpd[profile.mvpd] = profile
    return list(by_mvpd.values())


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
    """Delete a profile, the device's own and the shared one, and its permits."""
    for partition in (viewer.owner, viewer.shared):
        if partition is not None:
            await world.store.delete(PROFILES, partition, mvpd)
    await _delete_permits(world, viewer, mvpd)


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
            await _delete_permits(world, viewer, item)
            ended.add((viewer.owner, item))
    return len(ended)


def _ended(profile: Profile | None) -> tuple[Profile | None, None]:
    return (msgspec.structs.replace(profile, ended=True) if profile else None), None


async def _delete_permits(world: World, viewer: Viewer, mvpd: str) -> None:
    await world.store.delete_partition(PERMITS, f"{viewer.owner} {mvpd}")
