"""Profiles: who is logged in, with which MVPD, on which device."""

from __future__ import annotations

from typing import Any

import msgspec

from mock_server.catalogue import Subscriber
from mock_server.domain.records import PERMITS, PROFILES, Profile, Session
from mock_server.domain.world import World


async def create(world: World, now: int, session: Session, username: str, lifetime: int) -> Profile:
    """Makes the profile of a completed login, valid for ``lifetime`` ms."""
    if session.mvpd is None:
        raise ValueError("a session without mvpd cannot be logged in with")
    subscriber = world.catalogue.subscribers[username]
    profile = Profile(
        service_provider=session.service_provider,
        client_id=session.client_id,
        device=session.device,
        device_decoded=session.device_decoded,
        mvpd=session.mvpd,
        username=username,
        not_before=now,
        not_after=now + lifetime,
        issuer=session.mvpd,
        type="regular",
        attributes=_attributes(subscriber, session.mvpd),
    )
    await world.store.write(PROFILES, session.owner, session.mvpd, profile)
    return profile


async def find(world: World, owner: str, mvpd: str) -> Profile | None:
    """The profile of a device with an MVPD, expired and ended ones too."""
    return await world.store.read(PROFILES, owner, mvpd)


async def valid(world: World, now: int, owner: str, mvpd: str | None = None) -> list[Profile]:
    """The valid profiles of a device, of all MVPDs with an active integration or of one."""
    return [
        profile
        for profile in await world.store.rows(PROFILES, owner)
        if profile.valid(now)
        and mvpd in (None, profile.mvpd)
        and await world.integrated(profile.service_provider, profile.mvpd)
    ]


async def remove(world: World, owner: str, mvpd: str) -> None:
    """Forgets a profile and the permits that it had."""
    await world.store.delete(PROFILES, owner, mvpd)
    await forget_permits(world, owner, mvpd)


async def end(
    world: World,
    *,
    service_provider: str | None = None,
    mvpd: str | None = None,
    client_id: str | None = None,
    device: str | None = None,
) -> int:
    """Ends the profiles that match, as an MVPD would (``device`` decoded); how many."""
    ended = 0
    for owner, item, profile in await world.store.all_rows(PROFILES):
        if (
            not profile.ended
            and service_provider in (None, profile.service_provider)
            and mvpd in (None, profile.mvpd)
            and client_id in (None, profile.client_id)
            and device in (None, profile.device_decoded)
        ):
            await world.store.write(PROFILES, owner, item, msgspec.structs.replace(profile, ended=True))
            await forget_permits(world, owner, item)
            ended += 1
    return ended


async def forget_permits(world: World, owner: str, mvpd: str) -> None:
    await world.store.delete_partition(PERMITS, f"{owner} {mvpd}")


def _attributes(subscriber: Subscriber, mvpd: str) -> dict[str, Any]:
    attributes = {"userID": f"{mvpd}_{subscriber.username}", "mvpd": mvpd}
    if subscriber.household_id:
        attributes["householdID"] = subscriber.household_id
    return {name: {"value": value, "state": "plain"} for name, value in attributes.items()}
