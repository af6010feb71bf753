"""Authentication sessions: created by the streaming device, resumed and completed on any screen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import msgspec

from mock_server.domain import profiles
from mock_server.domain.records import LATEST_SESSION, SESSIONS, Session
from mock_server.domain.world import World
from mock_server.errors import ApiError

PARAMETERS = ("mvpd", "domainName", "redirectUrl")


@dataclass(frozen=True)
class Authorized:
    """No login is needed: go on to decisions. ``reason`` is Adobe's reasonType."""

    session_id: str
    service_provider: str
    mvpd: str
    reason: str


async def create(world: World, now: int, draft: Session, parameters: Mapping[str, str]) -> Session | Authorized:
    """Starts a session from a draft without code; the device's earlier session ends.

    ``parameters`` are those of `PARAMETERS` that the request gave. Answers `Authorized` where no login is needed.
    """
    session = await _with_parameters(world, draft, parameters)
    authorized = await _authorized(world, now, session)
    if authorized is not None:
        return authorized
    earlier = await world.store.read(LATEST_SESSION, session.owner)
    if earlier is not None:
        await _update(world, earlier.code, replaced=True)
    while await world.store.read(SESSIONS, code := world.ids.code()) is not None:
        pass
    session = msgspec.structs.replace(session, code=code)
    await world.store.write(SESSIONS, code, "", session)
    await world.store.write(LATEST_SESSION, session.owner, "", session)
    return session


async def resume(
    world: World, now: int, service_provider: str, code: str, parameters: Mapping[str, str]
) -> Session | Authorized:
    """Completes a session with parameters that it missed."""
    session = await current(world, now, service_provider, code)
    session = await _with_parameters(world, session, parameters)
    authorized = await _authorized(world, now, session)
    if authorized is not None:
        return authorized
    await world.store.write(SESSIONS, code, "", session)
    return session


async def find(world: World, service_provider: str, code: str) -> Session | None:
    """The session of a code whatever its state, or None if the service provider never had the code."""
    session = await world.store.read(SESSIONS, code)
    return session if session is not None and session.service_provider == service_provider else None


async def current(world: World, now: int, service_provider: str, code: str) -> Session:
    """The valid session of a code; ApiError for an unknown code, and for one that expired or was replaced."""
    session = await find(world, service_provider, code)
    if session is None:
        raise ApiError("invalid_parameter_code")
    if session.replaced or now >= session.not_after:
        raise ApiError("invalid_authentication_session")
    return session


async def complete(world: World, now: int, session: Session, username: str, lifetime: int) -> None:
    """A viewer has logged in at the MVPD: the device that owns the code gets its profile.

    ``lifetime`` of the profile in ms. Logging in binds to the code, so any browser may do it.
    """
    await profiles.create(world, now, session, username, lifetime)
    await _update(world, session.code, completed=True)


async def _with_parameters(world: World, session: Session, parameters: Mapping[str, str]) -> Session:
    mvpd = parameters.get("mvpd") or session.mvpd
    if mvpd is not None:
        if mvpd not in world.catalogue.mvpds:
            raise ApiError("invalid_parameter_mvpd")
        await world.integration(session.service_provider, mvpd)
    redirect_url = parameters.get("redirectUrl") or session.redirect_url
    if redirect_url is not None and not _can_be_opened(redirect_url):
        raise ApiError("invalid_parameter_redirect_url")
    domain_name = parameters.get("domainName") or session.domain_name
    return msgspec.structs.replace(session, mvpd=mvpd, domain_name=domain_name, redirect_url=redirect_url)


async def _authorized(world: World, now: int, session: Session) -> Authorized | None:
    if session.mvpd is None:
        return None
    if world.catalogue.mvpds[session.mvpd].temp_pass is not None:
        return Authorized(session.session_id, session.service_provider, session.mvpd, "temporary")
    profile = await profiles.find(world, session.owner, session.mvpd)
    if profile is not None and profile.valid(now):
        return Authorized(session.session_id, session.service_provider, session.mvpd, "authenticated")
    return None


async def _update(world: World, code: str, *, replaced: bool = False, completed: bool = False) -> None:
    def step(session: Session | None) -> tuple[Session | None, None]:
        if session is None:
            return None, None
        updated = msgspec.structs.replace(
            session, replaced=session.replaced or replaced, completed=session.completed or completed
        )
        return updated, None

    await world.store.change(SESSIONS, code, "", step)


def _can_be_opened(url: str) -> bool:
    """An absolute URL that an app can be sent to: a web page, or a scheme of its own."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    if not url.isprintable() or " " in url or parts.scheme in {"", "javascript", "data", "vbscript", "file"}:
        return False
    return bool(parts.netloc) or parts.scheme not in {"http", "https"}
