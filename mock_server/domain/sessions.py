"""Authentication sessions: a streaming device creates them; any screen may resume and complete them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import msgspec

from pass_harness.mock_server.adobe.enums import SessionReason
from pass_harness.mock_server.adobe.errors import ApiError
from pass_harness.mock_server.domain import degradation, profiles
from pass_harness.mock_server.domain.profiles import Usable
from pass_harness.mock_server.domain.records import LATEST_SESSION, SESSIONS, Profile, Session
from pass_harness.mock_server.domain.viewer import Viewer
from pass_harness.mock_server.domain.world import World
from pass_harness.mock_server.store.steps import Insert

PARAMETERS = ("mvpd", "domainName", "redirectUrl")
Degradation = Callable[[str], Awaitable[str | None]]
"""Lookup of the active degradation rule for an MVPD; None without one."""


@dataclass(frozen=True)
class Authorized:
    """Result of a session that needs no login. ``reason`` is Adobe's reasonType."""

    session_id: str
    service_provider: str
    mvpd: str
    reason: SessionReason


async def create(
    world: World,
    now_ms: int,
    draft: Session,
    parameters: Mapping[str, str],
    degraded: Degradation,
    usable: Usable,
) -> Session | Authorized:
    """Start a session from a draft without a code; return `Authorized` instead if no login is needed.

    ``parameters`` are those of `PARAMETERS` in the request, and ``usable`` selects the profiles that count. A new
    session ends the device's previous one.
    """
    session = await with_parameters(world, draft, parameters)
    return await authorized(world, now_ms, session, degraded, usable) or await start(world, session)


async def start(world: World, session: Session) -> Session:
    """Assign a code to a session and store it; end the device's previous session."""
    started = msgspec.structs.replace(session, code=world.ids.code())
    while not await world.store.change(SESSIONS, started.code, "", Insert(started)):
        started = msgspec.structs.replace(session, code=world.ids.code())
    earlier = await world.store.change(LATEST_SESSION, session.viewer.owner, "", lambda latest: (started, latest))
    if earlier is not None:
        await _update(world, earlier.code, replaced=True)
    return started


async def resume(
    world: World,
    now_ms: int,
    service_provider: str,
    code: str,
    parameters: Mapping[str, str],
    degraded: Degradation,
) -> Session | Authorized:
    """Add missing parameters to a session; return it, or `Authorized` if no login is needed.

    Only a regular profile counts: the request names no single sign-on identity, and a poll of the code would not find
    another profile (source: Resume authentication session, Retrieve profile for specific code).
    """
    session = await current(world, now_ms, service_provider, code)
    session = await with_parameters(world, session, parameters)
    result = await authorized(world, now_ms, session, degraded, profiles.is_regular)
    completed = result is not None and result.reason == "authenticated"

    def step(kept: Session | None) -> tuple[Session, Session]:
        flags = kept or session  # a concurrent request may have changed them
        resumed = msgspec.structs.replace(session, replaced=flags.replaced, completed=flags.completed or completed)
        return resumed, resumed

    resumed = await world.store.change(SESSIONS, code, "", step)
    return result or resumed


async def find(world: World, service_provider: str, code: str) -> Session | None:
    """Return the session of a code in any state; return None if the service provider has no such code."""
    session = await world.store.read(SESSIONS, code)
    if session is None or session.service_provider != service_provider or not _is_in_catalogue(world, session):
        return None
    return session


async def latest(world: World, viewer: Viewer) -> Session | None:
    """Return the session that a device started last, with the parameters of its resumes, or None."""
    started = await world.store.read(LATEST_SESSION, viewer.owner)
    return await find(world, viewer.service_provider, started.code) if started is not None else None


def _is_in_catalogue(world: World, session: Session) -> bool:
    """Return False if a restart with another catalogue has removed the service provider or MVPD of a session."""
    return session.service_provider in world.catalogue.service_providers and (
        session.mvpd is None or session.mvpd in world.catalogue.mvpds
    )


async def current(world: World, now_ms: int, service_provider: str, code: str, after_login_ms: int = 0) -> Session:
    """Return the valid session of a code; raise ApiError for an unknown, expired or replaced one.

    A session with which a viewer logged in is valid for ``after_login_ms`` after its end.
    """
    session = await find(world, service_provider, code)
    if session is None:
        raise ApiError("invalid_parameter_code")
    if session.replaced or now_ms >= session.not_after + (after_login_ms if session.completed else 0):
        raise ApiError("invalid_authentication_session")
    return session


async def complete(
    world: World, now_ms: int, session: Session, username: str, lifetime_ms: int, *, home_based: bool = False
) -> None:
    """Complete a login at the MVPD: store a profile, valid for ``lifetime_ms``, for the device of the session.

    The code identifies the session, so any browser can complete the login.
    """
    if session.mvpd is None:
        raise ValueError("cannot complete the login of a session without mvpd")
    profile = Profile(
        viewer=session.viewer,
        mvpd=session.mvpd,
        username=username,
        not_before=now_ms,
        not_after=now_ms + lifetime_ms,
        issuer=session.mvpd,
        type="regular",
        home_based=home_based,
    )
    await profiles.save(world, profile)
    await _update(world, session.code, completed=True)


async def with_parameters(world: World, session: Session, parameters: Mapping[str, str]) -> Session:
    """Return the session with the parameters of a request; raise ApiError for an invalid MVPD or redirectUrl."""
    mvpd = parameters.get("mvpd") or session.mvpd
    if mvpd is not None:
        if mvpd not in world.catalogue.mvpds:
            raise ApiError("invalid_parameter_mvpd")
        await world.integration(session.service_provider, mvpd)
    redirect_url = parameters.get("redirectUrl") or session.redirect_url
    if redirect_url is not None and not is_redirect_url(redirect_url):
        raise ApiError("invalid_parameter_redirect_url")
    domain_name = parameters.get("domainName") or session.domain_name
    return msgspec.structs.replace(session, mvpd=mvpd, domain_name=domain_name, redirect_url=redirect_url)


async def authorized(
    world: World, now_ms: int, session: Session, degraded: Degradation, usable: Usable
) -> Authorized | None:
    """Return `Authorized` with the reason if the session's MVPD needs no login, else None."""
    if session.mvpd is None:
        return None
    reason: SessionReason | None = None
    if world.catalogue.mvpds[session.mvpd].temp_pass is not None:
        reason = "temporary"
    elif found := await profiles.valid(world, now_ms, session.viewer, session.mvpd, usable):
        reason = "authenticated" if found[0].type == "regular" else "authenticatedSSO"
    elif await degraded(session.mvpd) == degradation.AUTHN_ALL:
        reason = "degraded"
    return Authorized(session.session_id, session.service_provider, session.mvpd, reason) if reason else None


async def _update(world: World, code: str, *, replaced: bool = False, completed: bool = False) -> None:
    def step(session: Session | None) -> tuple[Session | None, None]:
        if session is None:
            return None, None
        updated = msgspec.structs.replace(
            session, replaced=session.replaced or replaced, completed=session.completed or completed
        )
        return updated, None

    await world.store.change(SESSIONS, code, "", step)


def is_redirect_url(url: str) -> bool:
    """Return whether this is an absolute URL that a browser can open: http, https or a custom scheme of an app."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    if not url.isprintable() or " " in url or parts.scheme in {"", "javascript", "data", "vbscript", "file"}:
        return False
    return bool(parts.netloc) or parts.scheme not in {"http", "https"}
