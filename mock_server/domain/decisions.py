"""Decisions on access to resources: informative (preauthorize) or binding (authorize).

Adobe Pass caches a permit of an MVPD for the authorization TTL (source: FAQs, authorization phase 3). Within it, an
authorize request gets a new media token without a question to the MVPD. A preauthorize request always asks the MVPD.
TempPass and degradation rules decide without it. Where an MVPD has no endpoint for decisions, Adobe Pass permits
every resource of a viewer who is logged in (source: Retrieve authorization decisions, ``dummy``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from functools import lru_cache

import msgspec

from pass_harness.mock_server.adobe.enums import DecisionSource
from pass_harness.mock_server.domain import degradation, profiles, temppass
from pass_harness.mock_server.domain.degradation import Degradation
from pass_harness.mock_server.domain.metadata import user_id
from pass_harness.mock_server.domain.records import PERMITS, Permit, Profile
from pass_harness.mock_server.domain.resources import MalformedResource, identifier_of, parse_resource
from pass_harness.mock_server.domain.signing import signing_keys
from pass_harness.mock_server.domain.temppass import Visitor
from pass_harness.mock_server.domain.viewer import Viewer
from pass_harness.mock_server.domain.world import World
from pass_harness.mock_server.signing.keys import KeyName
from pass_harness.mock_server.signing.media_tokens import Flaw, MediaToken, serialize, serialize_flawed

PREAUTHORIZATION_DENIED = "preauthorization_denied_by_mvpd"
AUTHORIZATION_DENIED = "authorization_denied_by_mvpd"

DenialLookup = Callable[[str, bool], Awaitable[tuple[str | None, str | None] | None]]
"""Lookup of a behaviour's denial of a resource: None without one, else an enhanced error code (None: denied by the
MVPD) and details. The flag is False if the MVPD is not asked; denials of the MVPD then do not count."""

MvpdDelay = Callable[[str | None], Awaitable[None]]
"""Wait for the answer of the MVPD about a resource, or about all of the request."""

FlawLookup = Callable[[str], Awaitable[Flaw | None]]
"""Lookup of a behaviour's flaw of the media token for a resource."""


class DecisionQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Request for decisions: viewer, resources, and the behaviours in effect. Times and TTLs in ms."""

    viewer: Viewer
    mvpd: str
    profile: Profile | None
    """The viewer's profile with this MVPD, if there is one; it may have expired or ended."""
    resources: tuple[str, ...]
    now_ms: int
    ip: str
    denials: DenialLookup | None = None
    mvpd_delay: MvpdDelay | None = None
    degradation: Degradation | None = None
    temp_pass_identity: str | None = None
    ttl: int = 0
    media_token_ttl: int = 0
    flaws: FlawLookup | None = None

    @property
    def visitor(self) -> Visitor:
        return Visitor(self.viewer.service_provider, self.viewer.device_decoded, self.temp_pass_identity)

    async def wait_for_mvpd(self, resource: str | None = None) -> None:
        if self.mvpd_delay is not None:
            await self.mvpd_delay(resource)


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """A permit, or a denial with an enhanced error code. Times in ms; only `authorize` sets the token."""

    resource: str
    source: DecisionSource
    denial: str | None = None
    details: str | None = None
    not_before: int | None = None
    not_after: int | None = None
    token: MediaToken | None = None
    serialized: str | None = None


async def preauthorize(world: World, query: DecisionQuery) -> list[Decision]:
    """Return informative decisions, without media tokens. Some MVPDs omit decisions on unknown resources."""
    degraded = _degraded(query)
    if degraded is not None:
        return [await degraded(resource, PREAUTHORIZATION_DENIED) for resource in query.resources]
    mvpd = world.catalogue.mvpds[query.mvpd]
    if mvpd.temp_pass is not None:
        trial = await temppass.trial_of(world, mvpd, query.visitor)
        return [
            await _denied_by_behaviour(query, resource, "temppass", PREAUTHORIZATION_DENIED, asks_mvpd=False)
            or Decision(
                resource=resource,
                source="temppass",
                denial=temppass.exhausted(mvpd, trial, query.now_ms, resource),
            )
            for resource in query.resources
        ]
    profile, code = _valid_profile(query)
    if profile is None:
        return [Decision(resource=resource, source="mvpd", denial=code) for resource in query.resources]
    if not world.catalogue.has_endpoint(query.viewer.service_provider, query.mvpd, "preauthorization"):
        return [
            await _denied_by_behaviour(query, resource, "dummy", PREAUTHORIZATION_DENIED, asks_mvpd=False)
            or Decision(resource=resource, source="dummy")
            for resource in query.resources
        ]
    await query.wait_for_mvpd()
    subscriber = world.catalogue.subscribers[profile.username]
    return [
        await _by_mvpd(world, query, profile, resource, PREAUTHORIZATION_DENIED)
        for resource in query.resources
        if mvpd.unknown_resources == "deny" or subscriber.is_known(identifier_of(resource))
    ]


async def authorize(world: World, query: DecisionQuery) -> list[Decision]:
    """Return binding decisions; each permit has a new media token."""
    return [await _authorize(world, query, resource) for resource in query.resources]


async def _authorize(world: World, query: DecisionQuery, resource: str) -> Decision:
    degraded = _degraded(query)
    if degraded is not None:
        decision = await degraded(resource, AUTHORIZATION_DENIED)
    elif world.catalogue.mvpds[query.mvpd].temp_pass is not None:
        decision = await _by_temp_pass(world, query, resource)
    else:
        decision = await _by_profile(world, query, resource)
    if decision.denial is not None:
        return decision
    token = MediaToken(
        session_guid=_session_guid(_user(world, query)),
        requestor_id=query.viewer.service_provider,
        resource_id=resource,
        ttl=query.media_token_ttl,
        issued=query.now_ms // 1000 * 1000,  # the serialized token has whole seconds, and the decision agrees with it
        mvpd_id=query.mvpd,
        proxy_mvpd_id=world.catalogue.mvpds[query.mvpd].proxy,
    )
    key, *_ = await signing_keys(world, KeyName.MEDIA_TOKEN)
    flaw = await query.flaws(resource) if query.flaws is not None else None
    nonce = world.ids.uuid()
    serialized = serialize(token, key, nonce) if flaw is None else serialize_flawed(token, key, flaw, nonce)
    return msgspec.structs.replace(decision, token=token, serialized=serialized)


def _user(world: World, query: DecisionQuery) -> str:
    """Return a name of the user: the MVPD's userID in the profile, else the device."""
    profile = query.profile
    return f"{profile.mvpd} {user_id(world, profile)}" if profile is not None else query.viewer.owner


@lru_cache(maxsize=4096)
def _session_guid(user: str) -> str:
    return hashlib.md5(user.encode(), usedforsecurity=False).hexdigest()


async def _by_temp_pass(world: World, query: DecisionQuery, resource: str) -> Decision:
    denied = await _denied_by_behaviour(query, resource, "temppass", AUTHORIZATION_DENIED, asks_mvpd=False)
    if denied is not None:
        return denied
    mvpd = world.catalogue.mvpds[query.mvpd]
    trial, refused = await temppass.use(world, query.now_ms, mvpd, query.visitor, resource)
    if refused is not None or trial is None:
        return Decision(resource=resource, source="temppass", denial=refused)
    return Decision(resource=resource, source="temppass", not_before=query.now_ms, not_after=trial.not_after)


async def _by_profile(world: World, query: DecisionQuery, resource: str) -> Decision:
    profile, code = _valid_profile(query)
    if profile is None:
        return Decision(resource=resource, source="mvpd", denial=code)
    if not world.catalogue.has_endpoint(query.viewer.service_provider, query.mvpd, "authorization"):
        denied = await _denied_by_behaviour(query, resource, "dummy", AUTHORIZATION_DENIED, asks_mvpd=False)
        return denied or _permitted(resource, await _permit(world, query, profile, resource), "dummy")
    cached = await world.store.read(PERMITS, _permits(query), resource)
    if cached is not None and cached.covers(profile, query.now_ms):
        denied = await _denied_by_behaviour(query, resource, "mvpd", AUTHORIZATION_DENIED, asks_mvpd=False)
        return denied or _permitted(resource, cached)
    await query.wait_for_mvpd(resource)
    decision = await _by_mvpd(world, query, profile, resource, AUTHORIZATION_DENIED)
    if decision.denial == AUTHORIZATION_DENIED:
        end = query.now_ms + query.ttl
        return msgspec.structs.replace(decision, not_before=query.now_ms, not_after=end)
    if decision.denial is not None:
        return decision
    await profiles.mark_authorized(world, profile)
    return _permitted(resource, await _permit(world, query, profile, resource))


def _permitted(resource: str, permit: Permit, source: DecisionSource = "mvpd") -> Decision:
    return Decision(resource=resource, source=source, not_before=permit.not_before, not_after=permit.not_after)


def _degraded(query: DecisionQuery) -> Callable[[str, str], Awaitable[Decision]] | None:
    """Return the decision function of the active degradation rule, or None; failures of Adobe Pass precede it."""
    active = query.degradation
    source: DecisionSource = "degradation"
    if active is None:
        return None

    async def decide(resource: str, default_code: str) -> Decision:
        denied = await _denied_by_behaviour(query, resource, source, default_code, asks_mvpd=False)
        if denied is not None:
            return denied
        if active.rule == degradation.AUTHZ_NONE:
            return Decision(resource=resource, source=source, denial=degradation.DENIED, details=active.details)
        if active.rule == degradation.AUTHZ_ALL or query.ttl == 0:
            return Decision(resource=resource, source=source)
        end = query.now_ms + query.ttl
        return Decision(resource=resource, source=source, not_before=query.now_ms, not_after=end)

    return decide


def _valid_profile(query: DecisionQuery) -> tuple[Profile | None, str | None]:
    """Return the profile if it is valid, else the enhanced error code."""
    profile = query.profile
    if profile is None:
        return None, "authenticated_profile_missing"
    if profile.ended:
        return None, "authenticated_profile_invalidated"
    if query.now_ms >= profile.not_after:
        return None, "authenticated_profile_expired"
    return profile, None


async def _denied_by_behaviour(
    query: DecisionQuery, resource: str, source: DecisionSource, default_code: str, *, asks_mvpd: bool
) -> Decision | None:
    """Return the denial that a behaviour sets for a resource, or None; the behaviour may leave out the code."""
    denial = await query.denials(resource, asks_mvpd) if query.denials is not None else None
    if denial is None:
        return None
    code, details = denial
    return Decision(resource=resource, source=source, denial=code or default_code, details=details)


async def _by_mvpd(
    world: World, query: DecisionQuery, profile: Profile, resource: str, default_code: str
) -> Decision:
    if query.denials is not None:
        denied = await _denied_by_behaviour(query, resource, "mvpd", default_code, asks_mvpd=True)
        if denied is not None:
            return denied
    subscriber = world.catalogue.subscribers[profile.username]
    try:
        parsed = parse_resource(resource)
    except MalformedResource as error:
        details = f"The resource is not valid MRSS: {error}"
        return Decision(resource=resource, source="mvpd", denial=default_code, details=details)
    if profile.home_based and not subscriber.is_at_home(query.ip):
        return Decision(resource=resource, source="mvpd", denial="authorization_denied_by_hba_policies")
    if parsed.exceeds(subscriber.max_rating):
        return Decision(resource=resource, source="mvpd", denial="authorization_denied_by_parental_controls")
    if subscriber.is_denied(parsed.identifier):
        return Decision(resource=resource, source="mvpd", denial=default_code, details=subscriber.denial_details)
    return Decision(resource=resource, source="mvpd")


async def _permit(world: World, query: DecisionQuery, profile: Profile, resource: str) -> Permit:
    """Store a new permit and return it, or the one that a concurrent request has stored."""

    def step(permit: Permit | None) -> tuple[Permit | None, Permit]:
        if permit is None or not permit.covers(profile, query.now_ms):
            permit = Permit(query.now_ms, query.now_ms + query.ttl, profile.login)
        return permit, permit

    return await world.store.change(PERMITS, _permits(query), resource, step)


def _permits(query: DecisionQuery) -> str:
    """Return the partition of the viewer's permits with an MVPD."""
    return permits_of(query.viewer.owner, query.mvpd)


def permits_of(owner: str, mvpd: str) -> str:
    """Return the partition of the permits of a viewer's device with an MVPD."""
    return f"{owner} {mvpd}"
