"""How long what the mock issues is valid: the default, unless a ``ttl`` behaviour says otherwise."""

from __future__ import annotations

from mock_server.behaviours import Facts
from mock_server.domain.records import Session
from mock_server.settings import Settings
from mock_server.spaces import Space


def lifetime(space: Space, settings: Settings, name: str, facts: Facts) -> tuple[int, str | None]:
    """The lifetime of that name in ms, and the id of the behaviour that set it."""
    taken = space.behaviours.take("ttl", facts, space.clock.now(), lifetime=name)
    if taken is None:
        return int(getattr(settings.lifetimes, name)), None
    return int(getattr(taken[1].ttl, name)), taken[0]


def login_lifetime(space: Space, settings: Settings, session: Session) -> tuple[int, str | None]:
    """How long (ms) a login holds: shorter where the device told nothing of itself."""
    facts = Facts(
        endpoint="authenticate",
        service_provider=session.service_provider,
        mvpd=session.mvpd,
        ip=session.ip,
        device=session.device_decoded,
        client_id=session.client_id,
    )
    special, behaviour = lifetime(space, settings, "profile", facts)
    if behaviour is None and session.device_info is None:
        return int(settings.lifetimes.profile_unknown_platform), None
    return special, behaviour
