"""The call: the context of one request in the mock."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, ClassVar

import msgspec
from starlette.responses import Response

from pass_harness.mock_server.adobe.device_facts import device_facts, platform_of
from pass_harness.mock_server.adobe.errors import ApiError
from pass_harness.mock_server.adobe.headers import DeviceIdentifier, device_info, effective_ip
from pass_harness.mock_server.adobe.user_agents import MAX_USER_AGENT
from pass_harness.mock_server.behaviours.active import AppliedEffect
from pass_harness.mock_server.behaviours.effects import Effect
from pass_harness.mock_server.behaviours.model import NO_PARAMETER_FACTS, ParameterFacts, RequestFacts
from pass_harness.mock_server.catalogue import ServiceProvider
from pass_harness.mock_server.config.settings import Settings
from pass_harness.mock_server.domain import sso_service
from pass_harness.mock_server.domain.degradation import Degradation
from pass_harness.mock_server.domain.records import Client, Session
from pass_harness.mock_server.domain.registration import Grant
from pass_harness.mock_server.domain.viewer import Viewer
from pass_harness.mock_server.gateway.endpoint import Endpoint
from pass_harness.mock_server.gateway.public_origin import public_origin
from pass_harness.mock_server.gateway.sso import sso_identity
from pass_harness.mock_server.spaces import lifetimes
from pass_harness.mock_server.spaces.spaces import Space
from pass_harness.mock_server.transport.raw_headers import by_name
from pass_harness.mock_server.transport.request import Inbound


class Call(msgspec.Struct, eq=False):
    """The context of one request, to which checks and endpoints add facts for behaviours and for the journal."""

    space: Space
    settings: Settings
    endpoint: Endpoint | None
    inbound: Inbound
    path_params: dict[str, str]
    now_ms: int
    service_provider: str | None = None
    mvpd: str | None = None
    code: str | None = None
    token: str | None = None
    """The bearer token."""
    grant: Grant | None = None
    """Grant of the bearer token; None if the token is unknown."""
    client: Client | None = None
    device: DeviceIdentifier | None = None
    device_name: str | None = None
    session: Session | None = None
    parameter_facts: ParameterFacts = NO_PARAMETER_FACTS
    behaviours: list[str] = []
    effects: list[str] = []
    """Kinds of the effects of behaviours, in order."""
    throttled: bool = False
    admitted: bool = False
    """Whether the rate limit has admitted the request before."""
    ip: str = ""
    _headers: dict[bytes, bytes] = {}
    _viewer: Viewer | None = None

    def __post_init__(self) -> None:
        self._headers = by_name(self.inbound.raw_headers)
        self.ip = effective_ip(self.header("x-forwarded-for"), self.inbound.peer_host)

    def header(self, name: str) -> str | None:
        """Return the value of a header by its name in lower case; the joined values of a repeated one."""
        value = self._headers.get(name.encode())
        return value.decode("latin-1") if value is not None else None

    @property
    def base_url(self) -> str:
        """Base URL for the viewer's browser: origin and prefix of the space, without a slash at the end."""
        return public_origin(self.inbound, self.settings.public_url) + self.inbound.prefix

    @property
    def user_agent(self) -> str:
        """The User-Agent header, cut to a maximum length."""
        return (self.header("user-agent") or "")[:MAX_USER_AGENT]

    @property
    def device_info(self) -> dict[str, Any] | None:
        """The object in X-Device-Info; empty without the header, None if it cannot be decoded."""
        return device_info(self.header("x-device-info"))

    def device_facts(self, *needed: str) -> Mapping[str, Any]:
        """Return the facts about the device by the keys of X-Device-Info, at least those that are ``needed``."""
        return device_facts(self.device_info, self.user_agent, frozenset(needed))

    @property
    def platform(self) -> str | None:
        """The platform of the device, by its ``osName``, as the catalogue names it; None if unknown."""
        return self.space.world.catalogue.platform(self.device_facts("osName").get("osName"))

    @property
    def requestor(self) -> ServiceProvider:
        """The service provider in the path; the gateway has checked that it exists."""
        return self.space.world.catalogue.service_providers[self.path_params["serviceProvider"]]

    @property
    def authorized_client(self) -> Client:
        """The client of the bearer token; ApiError without one."""
        if self.client is None:
            raise ApiError("invalid_access_token_client_application")
        return self.client

    @property
    def viewer(self) -> Viewer:
        """The owner of the sessions and profiles of this request, by its token, device and single sign-on headers."""
        if self._viewer is None:
            device = self.identified_device
            self._viewer = Viewer(
                service_provider=self.requestor.id,
                client_id=self.authorized_client.id,
                device=device.value,
                device_decoded=device.decoded,
                sso=sso_identity(
                    self.header, self.requestor, self.space.world.keys, self.now_ms, lambda: self.platform
                ),
            )
        return self._viewer

    async def apply_unlinking(self) -> None:
        """Ignore the service token of a device that was removed from the SSO profile of the token."""
        if await sso_service.is_unlinked(self.space.world, self.viewer):
            self._viewer = msgspec.structs.replace(self.viewer, sso=None)

    async def degradation(self, mvpd: str) -> str | None:
        """Return the name of the degradation rule of a behaviour for an MVPD, if there is one."""
        active = await self.active_degradation(mvpd)
        return active.rule if active is not None else None

    async def active_degradation(self, mvpd: str) -> Degradation | None:
        """Return the degradation rule of a behaviour for an MVPD with its text, if there is one."""
        self.mvpd = mvpd
        effect = await self.effect("degradation")
        return effect.active_degradation if effect is not None else None

    async def wait_for_mvpd(self, resource: str | None = None) -> None:
        """Wait as long as a behaviour delays the MVPD's answer; to be called wherever the MVPD is asked."""
        delay = await self.take("mvpd_latency", resource)
        if delay is not None:
            await self.wait(delay.latency_s)

    async def wait(self, seconds: float) -> None:
        """Wait for an effect; what the request has read may change meanwhile."""
        await self.space.clock.sleep(seconds)
        if self.space.unit is not None:
            self.space.unit.forget()

    @property
    def identified_device(self) -> DeviceIdentifier:
        """The device of AP-Device-Identifier; ApiError without one."""
        if self.device is None:
            raise ApiError("invalid_header_device_identifier")
        return self.device

    def facts(self, resource: str | None = None) -> RequestFacts:
        """Return the facts known so far, for behaviours to match on; for one resource, or for all of the request."""
        return RequestFacts(
            endpoint=self.endpoint.id if self.endpoint else "",
            service_provider=self.service_provider or self.parameter_facts.service_provider,
            mvpd=self.mvpd or self.parameter_facts.mvpd,
            ip=self.ip,
            device=self.device_name or self.parameter_facts.device,
            resources=(resource,) if resource is not None else self.parameter_facts.resources,
            client_id=self.client.id if self.client else self.parameter_facts.client_id,
        )

    async def effect(self, kind: str, resource: str | None = None, *, asks_mvpd: bool = True) -> Effect | None:
        """Return the effect of a kind that a behaviour has on this request, and note it for the journal.

        Without ``asks_mvpd``, effects of the MVPD do not apply.
        """
        if not self.space.behaviours.active:
            return None
        taken = await self.take(kind, resource, asks_mvpd=asks_mvpd)
        return taken.effect if taken is not None else None

    async def take(self, kind: str, resource: str | None = None, *, asks_mvpd: bool = True) -> AppliedEffect | None:
        """Return an effect as `effect` does, with the details of this hit."""
        if not self.space.behaviours.active:
            return None
        applies = None if asks_mvpd else _without_mvpd
        taken = await self.space.behaviours.take(kind, self.facts(resource), self.now_ms, applies)
        if taken is not None:
            self._note(taken.id, kind)
        return taken

    async def lifetime(self, name: str) -> int:
        """Return the lifetime in ms of a token, session, profile or decision that this request issues."""
        integration = None
        if self.service_provider is not None and self.mvpd is not None:
            integration = self.space.world.catalogue.integration(self.service_provider, self.mvpd)
        facts = self.facts() if self.space.behaviours.active else None
        length, behaviour = await lifetimes.lifetime(self.space, self.settings, name, facts, integration)
        if behaviour is not None:
            self._note(behaviour, "ttl")
        return length

    async def profile_lifetime(self) -> int:
        """Return the lifetime in ms of a profile that this request itself creates, by the platform of the device."""
        platform = platform_of(self.device_info, self.user_agent)
        length, behaviour = await lifetimes.profile_lifetime(self.space, self.settings, self.facts(), platform)
        if behaviour is not None:
            self._note(behaviour, "ttl")
        return length

    async def decision_lifetime(self) -> int:
        """Return the authorization TTL in ms of a decision of this request, by the platform of the device."""
        platform = platform_of(self.device_info, self.user_agent)
        length, behaviour = await lifetimes.decision_lifetime(self.space, self.settings, self.facts(), platform)
        if behaviour is not None:
            self._note(behaviour, "ttl")
        return length

    async def login_lifetime(self, session: Session, *, home_based: bool = False) -> int:
        """Return the lifetime in ms of the profile that a login with this session creates."""
        length, behaviour = await lifetimes.login_lifetime(self.space, self.settings, session, home_based=home_based)
        if behaviour is not None:
            self._note(behaviour, "ttl")
        return length

    def _note(self, behaviour: str, kind: str) -> None:
        self.behaviours.append(behaviour)
        self.effects.append(kind)


def _without_mvpd(effect: Effect) -> bool:
    return not effect.needs_mvpd


class JsonResponse(Response):
    """An answer of Adobe Pass: JSON, with the content type of Adobe's samples."""

    content_type: ClassVar = b"application/json;charset=UTF-8"

    def __init__(self, answer: msgspec.Struct, status: int = 200) -> None:
        # Faster than Starlette's constructor, which computes headers that are the same for all answers.
        self.status_code = status
        self.background = None
        self.body = msgspec.json.encode(answer)
        self.raw_headers = [_length(len(self.body)), (b"content-type", self.content_type)]


class SsoResponse(JsonResponse):
    """An answer of the SSO Service, whose samples have no charset."""

    content_type = b"application/json"


@lru_cache(maxsize=4096)
def _length(size: int) -> tuple[bytes, bytes]:
    return b"content-length", b"%d" % size
