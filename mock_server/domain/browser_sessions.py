"""Sessions of MVPDs in viewers' browsers: another login in the same browser needs no credentials."""

from __future__ import annotations

from pass_harness.mock_server.catalogue import Mvpd
from pass_harness.mock_server.domain.records import BROWSER_SESSIONS, BrowserSession
from pass_harness.mock_server.domain.world import World


async def start(world: World, now_ms: int, mvpd: Mvpd, username: str) -> str | None:
    """Start a session after a login; return the value of its cookie, or None if the MVPD keeps no sessions."""
    if mvpd.browser_session == 0:
        return None
    cookie = world.ids.uuid()
    record = BrowserSession(mvpd.id, username, now_ms + mvpd.browser_session)
    await world.store.write(BROWSER_SESSIONS, cookie, "", record)
    return cookie


async def username(world: World, now_ms: int, mvpd: Mvpd, cookie: str | None) -> str | None:
    """Return the name of the subscriber whose session with the MVPD a browser has, or None."""
    if not cookie:
        return None
    record = await world.store.read(BROWSER_SESSIONS, cookie)
    if record is None or record.mvpd != mvpd.id or now_ms >= record.not_after:
        return None
    subscriber = world.catalogue.subscriber_of(mvpd.id, record.username)
    return subscriber.username if subscriber is not None else None


async def end(world: World, cookie: str | None) -> None:
    """End the session of a browser, if it has one."""
    if cookie:
        await world.store.delete(BROWSER_SESSIONS, cookie, "")
