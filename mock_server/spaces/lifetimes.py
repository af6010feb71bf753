"""Lifetimes (TTL) of what the mock issues: from a ``ttl`` behaviour, else the integration, else the default."""

from __future__ import annotations

from pass_harness.mock_server.behaviours.model import RequestFacts
from pass_harness.mock_server.catalogue import Integration
from pass_harness.mock_server.config.settings import Settings
from pass_harness.mock_server.domain.records import Session
from pass_harness.mock_server.spaces.spaces import Space


async def lifetime(
    space: Space, settings: Settings, name: str, facts: RequestFacts | None, integration: Integration | None
) -> tuple[int, str | None]:
    """Return the lifetime of that name in ms, and the id of the behaviour that sets it, if any.

    ``facts`` are the facts for the match of behaviours; None skips behaviours.
    """
    applied = None
    if facts is not None:
        applied = await space.behaviours.take("ttl", facts, space.clock.now_ms(), lifetime=name)
    if applied is not None:
        return int(getattr(applied.effect.ttl, name)), applied.id
    override = getattr(integration, name, None)
    return int(override if override is not None else getattr(settings.lifetimes, name)), None


async def login_lifetime(space: Space, settings: Settings, session: Session) -> tuple[int, str | None]:
    """Return the lifetime of a new profile in ms, and the id of the behaviour that sets it, if any.

    An integration may set lifetimes by platform. An unknown platform has a shorter default.
    """
    viewer, mvpd = session.viewer, session.mvpd or ""
    integration = space.world.catalogue.integration(viewer.service_provider, mvpd)
    facts = RequestFacts(
        endpoint="authenticate",
        service_provider=viewer.service_provider,
        mvpd=mvpd,
        ip=session.ip,
        device=viewer.device_decoded,
        client_id=viewer.client_id,
    )
    lifetime_ms, behaviour = await lifetime(space, settings, "profile", facts, integration)
    if behaviour is not None:
        return lifetime_ms, behaviour
    if session.device_info is None:
        return int(settings.lifetimes.profile_unknown_platform), None
    return int(integration.profile_by_platform.get(str(session.device_info.get("osName")), lifetime_ms)), None
