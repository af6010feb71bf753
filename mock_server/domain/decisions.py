"""Decisions: may this viewer see this resource? Informative (preauthorize) or binding (authorize)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from mock_server.domain import profiles, temppass
from mock_server.domain.records import PERMITS, Permit, Profile, owner
from mock_server.domain.temppass import Visitor
from mock_server.domain.world import World
from mock_server.media_tokens import MediaToken, serialize


@dataclass(frozen=True)
class Asker:
    """Who asks for decisions, with which MVPD."""

    service_provider: str
    client_id: str
    device: str
    mvpd: str
    temp_pass_identity: str | None = None

    @property
    def owner(self) -> str:
        return owner(self.service_provider, self.client_id, self.device)


@dataclass(frozen=True)
class Decision:
    """A permit, or a denial with an enhanced error code. Times in ms; ``token`` only from authorize."""

    resource: str
    source: str
    denial: str | None = None
    details: str | None = None
    not_before: int | None = None
    not_after: int | None = None
    token: MediaToken | None = None
    serialized: str | None = None


Denials = Callable[[str], tuple[str | None, str | None] | None]
"""What a behaviour says of a resource: None for nothing, else an enhanced error code (None: denied by the MVPD)
and details."""


async def preauthorize(
    world: World, now: int, asker: Asker, resources: list[str], denials: Denials
) -> list[Decision]:
    """Informative decisions; they never carry a media token."""
    mvpd = world.catalogue.mvpds[asker.mvpd]
    if mvpd.temp_pass is not None:
        visitor = _visitor(asker)
        trial = await temppass.trial_of(world, mvpd, visitor)
        return [
            Decision(resource, "temppass", temppass.refusal(mvpd, visitor, trial, now, resource))
            for resource in resources
        ]
    profile, missing = await _profile(world, now, asker)
    return [
        Decision(resource, "mvpd", missing)
        if missing is not None
        else _by_mvpd(world, profile, resource, denials, "preauthorization_denied_by_mvpd")
        for resource in resources
    ]


async def authorize(
    world: World, now: int, asker: Asker, resources: list[str], denials: Denials, *, ttl: int, media_token_ttl: int
) -> list[Decision]:
    """Binding decisions; each permit carries a fresh media token. TTLs in ms."""
    return [await _authorize(world, now, asker, resource, denials, ttl, media_token_ttl) for resource in resources]


async def _authorize(
    world: World, now: int, asker: Asker, resource: str, denials: Denials, ttl: int, media_token_ttl: int
) -> Decision:
    mvpd = world.catalogue.mvpds[asker.mvpd]
    if mvpd.temp_pass is not None:
        trial, refused = await temppass.use(world, now, mvpd, _visitor(asker), resource)
        if refused is not None or trial is None:
            return Decision(resource, "temppass", refused)
        permit, source = Permit(now, trial.not_after), "temppass"
    else:
        profile, missing = await _profile(world, now, asker)
        if missing is not None:
            return Decision(resource, "mvpd", missing)
        decision = _by_mvpd(world, profile, resource, denials, "authorization_denied_by_mvpd")
        if decision.denial is not None:
            times = (now, now + ttl) if decision.denial == "authorization_denied_by_mvpd" else (None, None)
            return Decision(resource, "mvpd", decision.denial, decision.details, *times)
        permit, source = await _permit(world, now, asker, resource, ttl), "mvpd"
    token = MediaToken(
        session_guid=hashlib.md5(asker.owner.encode(), usedforsecurity=False).hexdigest(),
        requestor_id=asker.service_provider,
        resource_id=resource,
        ttl=media_token_ttl,
        issued=now,
        mvpd_id=asker.mvpd,
    )
    return Decision(
        resource,
        source,
        not_before=permit.not_before,
        not_after=permit.not_after,
        token=token,
        serialized=serialize(token, world.keys.media_token),
    )


async def _profile(world: World, now: int, asker: Asker) -> tuple[Profile | None, str | None]:
    """The valid profile, or the error code that says why there is none."""
    profile = await profiles.find(world, asker.owner, asker.mvpd)
    if profile is None:
        return None, "authenticated_profile_missing"
    if profile.ended:
        return None, "authenticated_profile_invalidated"
    if now >= profile.not_after:
        return None, "authenticated_profile_expired"
    return profile, None


def _by_mvpd(world: World, profile: Profile | None, resource: str, denials: Denials, denied: str) -> Decision:
    said = denials(resource)
    if said is not None:
        return Decision(resource, "mvpd", said[0] or denied, said[1])
    subscriber = world.catalogue.subscribers[profile.username] if profile else None
    if subscriber is None or subscriber.is_denied(resource):
        return Decision(resource, "mvpd", denied, subscriber.denial_details if subscriber else None)
    return Decision(resource, "mvpd")


async def _permit(world: World, now: int, asker: Asker, resource: str, ttl: int) -> Permit:
    """The permit in force, else a new one of ``ttl`` ms."""
    partition, item = f"{asker.owner} {asker.mvpd}", resource

    def step(permit: Permit | None) -> tuple[Permit | None, Permit]:
        if permit is None or now >= permit.not_after:
            permit = Permit(now, now + ttl)
        return permit, permit

    return await world.store.change(PERMITS, partition, item, step)


def _visitor(asker: Asker) -> Visitor:
    return Visitor(asker.service_provider, asker.device, asker.temp_pass_identity)
