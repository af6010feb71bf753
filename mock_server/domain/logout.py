"""Logout: the device's profile with an MVPD goes, and the app learns whether the MVPD wants to see a browser."""

from __future__ import annotations

from mock_server.domain import profiles
from mock_server.domain.world import World


async def logout(world: World, now: int, owner: str, mvpd: str) -> str:
    """Ends the profile; Adobe's actionName: ``logout``, ``complete``, or ``invalid`` where there was none."""
    entry = world.catalogue.mvpds[mvpd]
    if entry.temp_pass is not None:
        return "complete"
    profile = await profiles.find(world, owner, mvpd)
    await profiles.remove(world, owner, mvpd)
    if profile is None or not profile.valid(now):
        return "invalid"
    return "logout" if entry.logout_endpoint else "complete"
