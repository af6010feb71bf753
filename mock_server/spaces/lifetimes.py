"""Lifetimes (TTL) of what the mock issues: from a ``ttl`` behaviour, else the integration, else the default."""

from __future__ import annotations

from pass_harness.mock_server.adobe.device_facts import Platform
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
        applied = await space.behaviours.take(
            "ttl", facts, space.clock.now_ms(), lambda effect: getattr(effect.ttl, name) is not None
        )
    if applied is not None:
        return int(getattr(applied.effect.ttl, name)), applied.id
    override = getattr(integration, name, None)
    return int(override if override is not None else getattr(settings.lifetimes, name)), None


async def decision_lifetime(
    space: Space, settings: Settings, facts: RequestFacts, platform: Platform
) -> tuple[int, str | None]:
    """Return the authorization TTL in ms, and the id of the behaviour that sets it, if any.

    An integration may set one for a platform or for a category of platforms; the most specific one counts.
    """
    integration = space.world.catalogue.integration(facts.service_provider or "", facts.mvpd or "")
    lifetime_ms, behaviour = await lifetime(space, settings, "decision", facts, integration)
    own = integration.decision_of(platform.os_name, platform.category) if behaviour is None else None
    return int(own if own is not None else lifetime_ms), behaviour


async def login_lifetime(
    space: Space, settings: Settings, session: Session, *, home_based: bool = False
) -> tuple[int, str | None]:
    """Return the lifetime in ms of the profile of a login, and the id of the behaviour that sets it, if any."""
    viewer = session.viewer
    facts = RequestFacts(
        endpoint="authenticate",
        service_provider=viewer.service_provider,
        mvpd=session.mvpd or "",
        ip=session.ip,
        device=viewer.device_decoded,
        client_id=viewer.client_id,
    )
    return await profile_lifetime(space, settings, facts, session.platform, home_based=home_based)


async def profile_lifetime(
    space: Space, settings: Settings, facts: RequestFacts, platform: Platform, *, home_based: bool = False
) -> tuple[int, str | None]:
    """Return the lifetime of a new profile in ms, and the id of the behaviour that sets it, if any.

    An integration may set lifetimes of home-based logins, of platforms and of categories of platforms; the first of
    these that applies counts. The lifetime of an unknown platform is at most ``profile_unknown_platform``, unless the
    integration sets one for unidentified devices.
    """
    integration = space.world.catalogue.integration(facts.service_provider or "", facts.mvpd or "")
    lifetime_ms, behaviour = await lifetime(space, settings, "profile", facts, integration)
    if behaviour is not None:
        return lifetime_ms, behaviour
    own = integration.profile_of(platform.os_name, platform.category, home_based=home_based)
    usual = int(own if own is not None else lifetime_ms)
    if platform.is_known or integration.profile_by_category.unidentified is not None:
        return usual, None
    return min(usual, int(settings.lifetimes.profile_unknown_platform)), None
