"""Logout: removal of the viewer's profiles with an MVPD, and the next step for the app."""

from __future__ import annotations

from pass_harness.mock_server.adobe.enums import LogoutAction
from pass_harness.mock_server.domain import profiles
from pass_harness.mock_server.domain.viewer import Viewer
from pass_harness.mock_server.domain.world import World


async def logout(world: World, now_ms: int, viewer: Viewer, mvpd: str, *, degraded: bool) -> LogoutAction:
    """Remove the device's profile and, with a single sign-on identity, those of all who share it; return the action.

    ``logout`` if the browser must open the MVPD's logout page, ``partner_logout`` if the partner framework must log
    out, ``complete`` if no step is left, ``invalid`` if there was no valid profile.
    """
    entry = world.catalogue.mvpds[mvpd]
    if entry.temp_pass is not None:
        return "complete"
    found = await profiles.valid(world, now_ms, viewer, mvpd)
    await profiles.remove(world, viewer, mvpd)
    if not found:
        return "complete" if degraded else "invalid"
    if found[0].type == "appleSSO":
        return "partner_logout"
    if degraded:
        return "complete"
    return "logout" if world.catalogue.has_endpoint(viewer.service_provider, mvpd, "logout") else "complete"
