"""Profiles: who is logged in, with which MVPD, on which device.

A profile belongs to the device that the viewer logged in on and, where the session told a single sign-on identity,
to every other device of that identity as well (source: Profiles pages, Single sign-on flows).
"""

from __future__ import annotations

import msgspec

from pass_harness.mock_server.domain.records import PERMITS, PROFILES, Profile
from pass_harness.mock_server.domain.viewer import Viewer
from pass_harness.mock_server.domain.world import World


async def save(world: World, profile: Profile) -> None:
    """Keeps a new profile, for the device and for its single sign-on identity."""
    viewer = profile.viewer
    await world.store.write(PROFILES, viewer.owner, profile.mvpd, profile)
    if viewer.shared is not None and viewer.sso is not None:
        shared = msgspec.structs.replace(profile, type=viewer.sso.profile_type)
        await world.store.write(PROFILES, viewer.shared, profile.mvpd, shared)


async def find(world: World, viewer: Viewer, mvpd: str) -> Profile | None:
    """The profile of a viewer with an MVPD, expired and ended ones too: the device's own before a shared one."""
    own = await world.store.read(PROFILES, viewer.owner, mvpd)
    if own is not None or viewer.shared is None:
        return own
    return await world.store.read(PROFILES, viewer.shared, mvpd)


async def valid(world: World, now_ms: int, viewer: Viewer, mvpd: str | None = None) -> list[Profile]:
    """The valid profiles of a viewer, of all MVPDs with an active integration or of one."""
    by_mvpd: dict[str, Profile] = {}
    for partition in (viewer.owner, viewer.shared):
        for profile in await world.store.rows(PROFILES, partition) if partition else ():
            wanted = mvpd in (None, profile.mvpd) and profile.mvpd not in by_mvpd
            if wanted and profile.valid(now_ms) and await world.integrated(viewer.service_provider, profile.mvpd):
                by_mvpd[profile.mvpd] = profile
    return list(by_mvpd.values())


async def note_authorization(world: World, profile: Profile) -> None:
    """The MVPD has authorized something: from now on the metadata shows that it tells only then."""
    if profile.authorized:
        return
    for partition in (profile.viewer.owner, profile.viewer.shared):
        if partition is not None:
            await world.store.change(PROFILES, partition, profile.mvpd, _authorized)


def _authorized(profile: Profile | None) -> tuple[Profile | None, None]:
    return (msgspec.structs.replace(profile, authorized=True) if profile else None), None


async def remove(world: World, viewer: Viewer, mvpd: str) -> None:
    """Forgets a profile, the device's own and the shared one, with the permits that it had."""
    for partition in (viewer.owner, viewer.shared):
        if partition is not None:
            await world.store.delete(PROFILES, partition, mvpd)
    await _forget_permits(world, viewer, mvpd)


async def end(
    world: World,
    *,
    service_provider: str | None = None,
    mvpd: str | None = None,
    client_id: str | None = None,
    device: str | None = None,
) -> int:
    """Ends the profiles that match, as an MVPD would (``device`` decoded); how many logins that were."""
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
            await _forget_permits(world, viewer, item)
            ended.add((viewer.owner, item))
    return len(ended)


def _ended(profile: Profile | None) -> tuple[Profile | None, None]:
    return (msgspec.structs.replace(profile, ended=True) if profile else None), None


async def _forget_permits(world: World, viewer: Viewer, mvpd: str) -> None:
    await world.store.delete_partition(PERMITS, f"{viewer.owner} {mvpd}")
