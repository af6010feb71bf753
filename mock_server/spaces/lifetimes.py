"""How long what the mock issues is valid: what a ``ttl`` behaviour says, else the integration, else the default."""

from __future__ import annotations

from pass_harness.mock_server.behaviours.model import RequestFacts
from pass_harness.mock_server.catalogue import Integration
from pass_harness.mock_server.config.settings import Settings
from pass_harness.mock_server.domain.records import Session
from pass_harness.mock_server.spaces.spaces import Space


async def lifetime(
    space: Space, settings: Settings, name: str, facts: RequestFacts | None, integration: Integration | None
) -> tuple[int, str | None]:
    """The lifetime of that name in ms, and the id of the behaviour that set it, if one did.

    ``facts`` are for behaviours to match on, where there are any.
    """
    taken = None
    if facts is not None:
        taken = await space.behaviours.take("ttl", facts, space.clock.now_ms(), lifetime=name)
    if taken is not None:
        return int(getattr(taken.effect.ttl, name)), taken.id
    special = getattr(integration, name, None)
    return int(special if special is not None else getattr(settings.lifetimes, name)), None


async def login_lifetime(space: Space, settings: Settings, session: Session) -> tuple[int, str | None]:
    """How long (ms) a login holds: by platform where the integration says so, shorter for an unknown platform."""
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
    length, behaviour = await lifetime(space, settings, "profile", facts, integration)
    if behaviour is not None:
        return length, behaviour
    if session.device_info is None:
        return int(settings.lifetimes.profile_unknown_platform), None
    return int(integration.profile_by_platform.get(str(session.device_info.get("osName")), length)), None
