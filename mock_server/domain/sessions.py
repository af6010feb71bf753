"""Authentication sessions: created by the streaming device, resumed and completed on any screen."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import msgspec

from pass_harness.mock_server.adobe.enums import SessionReason
from pass_harness.mock_server.adobe.errors import ApiError
from pass_harness.mock_server.domain import degradation, profiles
from pass_harness.mock_server.domain.records import LATEST_SESSION, SESSIONS, Profile, Session
from pass_harness.mock_server.domain.viewer import Viewer
from pass_harness.mock_server.domain.world import World

_LOGGED_IN = {"authenticated", "authenticatedSSO"}
PARAMETERS = ("mvpd", "domainName", "redirectUrl")
Degradation = Callable[[str], Awaitable[str | None]]
"""The degradation rule in force for an MVPD, if there is one."""


@dataclass(frozen=True)
class Authorized:
    """No login is needed: go on to decisions. ``reason`` is Adobe's reasonType."""

    session_id: str
    service_provider: str
    mvpd: str
    reason: SessionReason


async def create(
    world: World, now_ms: int, draft: Session, parameters: Mapping[str, str], degraded: Degradation
) -> Session | Authorized:
    """Starts a session from a draft without code; the device's earlier session ends.

    ``parameters`` are those of `PARAMETERS` that the request gave. Answers `Authorized` where no login is needed.
    """
    session = await with_parameters(world, draft, parameters)
    return await authorized(world, now_ms, session, session.viewer, degraded) or await start(world, session)


async def start(world: World, session: Session) -> Session:
    """Gives a session its code; the device's earlier session ends."""
    started = None
    while started is None:
        started = await _with_code(world, msgspec.structs.replace(session, code=world.ids.code()))
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
    """Completes a session with parameters that it missed; from then on its code answers for the MVPD it names."""
    session = await current(world, now_ms, service_provider, code)
    session = await with_parameters(world, session, parameters)
    ready = await authorized(world, now_ms, session, session.viewer, degraded)
    completed = ready is not None and ready.reason in _LOGGED_IN

    def step(kept: Session | None) -> tuple[Session, Session]:
        flags = kept or session  # a login or a newer session may have come meanwhile
        resumed = msgspec.structs.replace(session, replaced=flags.replaced, completed=flags.completed or completed)
        return resumed, resumed

    resumed = await world.store.change(SESSIONS, code, "", step)
    return ready or resumed


async def find(world: World, service_provider: str, code: str) -> Session | None:
    """The session of a code whatever its state, or None if the service provider never had the code."""
    session = await world.store.read(SESSIONS, code)
    return session if session is not None and session.service_provider == service_provider else None


async def latest(world: World, viewer: Viewer) -> Session | None:
    """The session that a device started last."""
    return await world.store.read(LATEST_SESSION, viewer.owner)


async def current(world: World, now_ms: int, service_provider: str, code: str) -> Session:
    """The valid session of a code; ApiError for an unknown code, and for one that expired or was replaced."""
    session = await find(world, service_provider, code)
    if session is None:
        raise ApiError("invalid_parameter_code")
    if session.replaced or now_ms >= session.not_after:
        raise ApiError("invalid_authentication_session")
    return session


async def complete(
    world: World, now_ms: int, session: Session, username: str, lifetime: int, *, home_based: bool = False
) -> None:
    """A viewer has logged in at the MVPD: the device that owns the code gets its profile.

    ``lifetime`` of the profile in ms. Logging in binds to the code, so any browser may do it.
    """
    if session.mvpd is None:
        raise ValueError("a session without mvpd cannot be logged in with")
    profile = Profile(
        viewer=session.viewer,
        mvpd=session.mvpd,
        username=username,
        not_before=now_ms,
        not_after=now_ms + lifetime,
        issuer=session.mvpd,
        type="regular",
        home_based=home_based,
    )
    await profiles.save(world, profile)
    await _update(world, session.code, completed=True)


async def with_parameters(world: World, session: Session, parameters: Mapping[str, str]) -> Session:
    """The session with what a request gave; ApiError for an MVPD or a redirectUrl that cannot be."""
    mvpd = parameters.get("mvpd") or session.mvpd
    if mvpd is not None:
        if mvpd not in world.catalogue.mvpds:
            raise ApiError("invalid_parameter_mvpd")
        await world.integration(session.service_provider, mvpd)
    redirect_url = parameters.get("redirectUrl") or session.redirect_url
    if redirect_url is not None and not can_be_opened(redirect_url):
        raise ApiError("invalid_parameter_redirect_url")
    domain_name = parameters.get("domainName") or session.domain_name
    return msgspec.structs.replace(session, mvpd=mvpd, domain_name=domain_name, redirect_url=redirect_url)


async def authorized(
    world: World, now_ms: int, session: Session, viewer: Viewer, degraded: Degradation
) -> Authorized | None:
    """Why no login is needed with the session's MVPD, if so."""
    if session.mvpd is None:
        return None
    reason: SessionReason | None = None
    if world.catalogue.mvpds[session.mvpd].temp_pass is not None:
        reason = "temporary"
    elif found := await profiles.valid(world, now_ms, viewer, session.mvpd):
        reason = "authenticated" if found[0].type == "regular" else "authenticatedSSO"
    elif await degraded(session.mvpd) == degradation.AUTHN_ALL:
        reason = "degraded"
    return Authorized(session.session_id, session.service_provider, session.mvpd, reason) if reason else None


async def _with_code(world: World, session: Session) -> Session | None:
    """Keeps a session under its code, unless another one has that."""

    def step(taken: Session | None) -> tuple[Session, Session | None]:
        return (session, session) if taken is None else (taken, None)

    return await world.store.change(SESSIONS, session.code, "", step)


async def _update(world: World, code: str, *, replaced: bool = False, completed: bool = False) -> None:
    def step(session: Session | None) -> tuple[Session | None, None]:
        if session is None:
            return None, None
        updated = msgspec.structs.replace(
            session, replaced=session.replaced or replaced, completed=session.completed or completed
        )
        return updated, None

    await world.store.change(SESSIONS, code, "", step)


def can_be_opened(url: str) -> bool:
    """Whether this is an absolute URL that an app can be sent to: a web page, or a scheme of its own."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    if not url.isprintable() or " " in url or parts.scheme in {"", "javascript", "data", "vbscript", "file"}:
        return False
    return bool(parts.netloc) or parts.scheme not in {"http", "https"}
