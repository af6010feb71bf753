"""Decisions: may this viewer see this resource? Informative (preauthorize) or binding (authorize)."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from functools import lru_cache

import msgspec

from pass_harness.mock_server.adobe.enums import DecisionSource
from pass_harness.mock_server.domain import degradation, profiles, temppass
from pass_harness.mock_server.domain.records import PERMITS, Permit, Profile
from pass_harness.mock_server.domain.resources import MalformedResource, parse_resource
from pass_harness.mock_server.domain.signing import signing_keys
from pass_harness.mock_server.domain.temppass import Visitor
from pass_harness.mock_server.domain.viewer import Viewer
from pass_harness.mock_server.domain.world import World
from pass_harness.mock_server.signing.keys import KeyName
from pass_harness.mock_server.signing.media_tokens import Flaw, MediaToken, serialize, serialize_flawed

PREAUTHORIZATION_DENIED = "preauthorization_denied_by_mvpd"
AUTHORIZATION_DENIED = "authorization_denied_by_mvpd"

Denials = Callable[[str], Awaitable[tuple[str | None, str | None] | None]]
"""What a behaviour says of a resource: None for nothing, else an enhanced error code (None: denied by the MVPD)
and details."""

Flaws = Callable[[str], Awaitable[Flaw | None]]
"""What a behaviour wants wrong with the media token for a resource."""


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks for which resources, and under which circumstances. Times and TTLs in ms."""

    viewer: Viewer
    mvpd: str
    profile: Profile | None
    """The viewer's with this MVPD, if there is one; it may have expired or ended."""
    resources: tuple[str, ...]
    now_ms: int
    ip: str
    denials: Denials | None = None
    degradation: str | None = None
    temp_pass_identity: str | None = None
    ttl: int = 0
    media_token_ttl: int = 0
    flaws: Flaws | None = None

    @property
    def visitor(self) -> Visitor:
        return Visitor(self.viewer.service_provider, self.viewer.device, self.temp_pass_identity)


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """A permit, or a denial with an enhanced error code. Times in ms; the token only from authorize."""

    resource: str
    source: DecisionSource
    denial: str | None = None
    details: str | None = None
    not_before: int | None = None
    not_after: int | None = None
    token: MediaToken | None = None
    serialized: str | None = None


async def preauthorize(world: World, question: Question) -> list[Decision]:
    """Informative decisions; they never carry a media token. An MVPD may leave out what it does not know."""
    degraded = _degraded(question)
    if degraded is not None:
        return [degraded(resource) for resource in question.resources]
    mvpd = world.catalogue.mvpds[question.mvpd]
    if mvpd.temp_pass is not None:
        trial = await temppass.trial_of(world, mvpd, question.visitor)
        return [
            await _said(question, resource, "temppass", PREAUTHORIZATION_DENIED)
            or Decision(
                resource=resource,
                source="temppass",
                denial=temppass.refusal(mvpd, question.visitor, trial, question.now_ms, resource),
            )
            for resource in question.resources
        ]
    profile, missing = _profile(question)
    if profile is None:
        return [Decision(resource=resource, source="mvpd", denial=missing) for resource in question.resources]
    subscriber = world.catalogue.subscribers[profile.username]
    return [
        await _by_mvpd(world, question, profile, resource, PREAUTHORIZATION_DENIED)
        for resource in question.resources
        if mvpd.unknown_resources == "deny" or subscriber.knows(resource)
    ]


async def authorize(world: World, question: Question) -> list[Decision]:
    """Binding decisions; each permit carries a fresh media token."""
    return [await _authorize(world, question, resource) for resource in question.resources]


async def _authorize(world: World, question: Question, resource: str) -> Decision:
    degraded = _degraded(question)
    if degraded is not None:
        decision = degraded(resource)
    elif world.catalogue.mvpds[question.mvpd].temp_pass is not None:
        decision = await _by_temp_pass(world, question, resource)
    else:
        decision = await _by_profile(world, question, resource)
    if decision.denial is not None:
        return decision
    token = MediaToken(
        session_guid=_session_guid(question.viewer.owner),
        requestor_id=question.viewer.service_provider,
        resource_id=resource,
        ttl=question.media_token_ttl,
        issued=question.now_ms,
        mvpd_id=question.mvpd,
        proxy_mvpd_id=world.catalogue.mvpds[question.mvpd].proxy,
    )
    key, *_ = await signing_keys(world, KeyName.MEDIA_TOKEN)
    flaw = await question.flaws(resource) if question.flaws is not None else None
    serialized = serialize(token, key) if flaw is None else serialize_flawed(token, key, flaw)
    return msgspec.structs.replace(decision, token=token, serialized=serialized)


@lru_cache(maxsize=4096)
def _session_guid(owner: str) -> str:
    return hashlib.md5(owner.encode(), usedforsecurity=False).hexdigest()


async def _by_temp_pass(world: World, question: Question, resource: str) -> Decision:
    said = await _said(question, resource, "temppass", AUTHORIZATION_DENIED)
    if said is not None:
        return said
    mvpd = world.catalogue.mvpds[question.mvpd]
    trial, refused = await temppass.use(world, question.now_ms, mvpd, question.visitor, resource)
    if refused is not None or trial is None:
        return Decision(resource=resource, source="temppass", denial=refused)
    return Decision(resource=resource, source="temppass", not_before=question.now_ms, not_after=trial.not_after)


async def _by_profile(world: World, question: Question, resource: str) -> Decision:
    profile, missing = _profile(question)
    if profile is None:
        return Decision(resource=resource, source="mvpd", denial=missing)
    decision = await _by_mvpd(world, question, profile, resource, AUTHORIZATION_DENIED)
    if decision.denial == AUTHORIZATION_DENIED:
        end = question.now_ms + question.ttl
        return msgspec.structs.replace(decision, not_before=question.now_ms, not_after=end)
    if decision.denial is not None:
        return decision
    await profiles.note_authorization(world, profile)
    permit = await _permit(world, question, resource)
    return msgspec.structs.replace(decision, not_before=permit.not_before, not_after=permit.not_after)


def _degraded(question: Question) -> Callable[[str], Decision] | None:
    """How a degradation rule decides, if one is in force."""
    rule = question.degradation
    source: DecisionSource = "degradation"
    if rule is None:
        return None

    def decide(resource: str) -> Decision:
        if rule == degradation.AUTHZ_NONE:
            return Decision(resource=resource, source=source, denial=degradation.DENIED)
        if rule == degradation.AUTHZ_ALL or question.ttl == 0:
            return Decision(resource=resource, source=source)
        end = question.now_ms + question.ttl
        return Decision(resource=resource, source=source, not_before=question.now_ms, not_after=end)

    return decide


def _profile(question: Question) -> tuple[Profile | None, str | None]:
    """The valid profile, or the error code that says why there is none."""
    profile = question.profile
    if profile is None:
        return None, "authenticated_profile_missing"
    if profile.ended:
        return None, "authenticated_profile_invalidated"
    if question.now_ms >= profile.not_after:
        return None, "authenticated_profile_expired"
    return profile, None


async def _said(question: Question, resource: str, source: DecisionSource, denied: str) -> Decision | None:
    """The denial that a behaviour has for a resource; ``denied`` is its code where the behaviour names none."""
    said = await question.denials(resource) if question.denials is not None else None
    return Decision(resource=resource, source=source, denial=said[0] or denied, details=said[1]) if said else None


async def _by_mvpd(world: World, question: Question, profile: Profile, resource: str, denied: str) -> Decision:
    if question.denials is not None:
        said = await _said(question, resource, "mvpd", denied)
        if said is not None:
            return said
    subscriber = world.catalogue.subscribers[profile.username]
    try:
        asked = parse_resource(resource)
    except MalformedResource as error:
        return Decision(resource=resource, source="mvpd", denial=denied, details=f"The resource is no MRSS: {error}")
    if profile.home_based and not subscriber.is_at_home(question.ip):
        return Decision(resource=resource, source="mvpd", denial="authorization_denied_by_hba_policies")
    if asked.exceeds(subscriber.max_rating):
        return Decision(resource=resource, source="mvpd", denial="authorization_denied_by_parental_controls")
    if subscriber.is_denied(asked.identifier):
        # Adobe's samples have the partner's words with authorize decisions alone.
        words = subscriber.denial_details if denied == AUTHORIZATION_DENIED else None
        return Decision(resource=resource, source="mvpd", denial=denied, details=words)
    return Decision(resource=resource, source="mvpd")


async def _permit(world: World, question: Question, resource: str) -> Permit:
    """The permit in force, else a new one: within its time the MVPD is not asked again."""

    def step(permit: Permit | None) -> tuple[Permit | None, Permit]:
        if permit is None or question.now_ms >= permit.not_after:
            permit = Permit(question.now_ms, question.now_ms + question.ttl)
        return permit, permit

    return await world.store.change(PERMITS, f"{question.viewer.owner} {question.mvpd}", resource, step)
