"""Logout: the viewer's profiles with an MVPD go, and the app learns what is left for it to do."""

from __future__ import annotations

from pass_harness.mock_server.adobe.enums import LogoutAction
from pass_harness.mock_server.domain import profiles
from pass_harness.mock_server.domain.viewer import Viewer
from pass_harness.mock_server.domain.world import World


async def logout(world: World, now_ms: int, viewer: Viewer, mvpd: str, *, degraded: bool) -> LogoutAction:
    """Ends the device's profile and the shared one; Adobe's actionName.

    ``logout`` where the MVPD wants to see a browser, ``partner_logout`` where the partner has to be told,
    ``complete`` where nothing is left to do, ``invalid`` where there was no valid profile.
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
    return "logout" if entry.logout_endpoint else "complete"
