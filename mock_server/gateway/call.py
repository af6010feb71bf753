"""The call: one request on its way through the mock, with what has become known of it."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import msgspec
from starlette.responses import Response

from pass_harness.mock_server.adobe.errors import ApiError
from pass_harness.mock_server.adobe.headers import DeviceIdentifier, device_info, effective_ip
from pass_harness.mock_server.behaviours.active import AppliedEffect
from pass_harness.mock_server.behaviours.effects import Effect
from pass_harness.mock_server.behaviours.model import NO_PARAMETER_FACTS, ParameterFacts, RequestFacts
from pass_harness.mock_server.catalogue import ServiceProvider
from pass_harness.mock_server.config.settings import Settings
from pass_harness.mock_server.domain.records import Client, Session
from pass_harness.mock_server.domain.registration import Grant
from pass_harness.mock_server.domain.viewer import Viewer
from pass_harness.mock_server.gateway.endpoint import Endpoint
from pass_harness.mock_server.gateway.sso import sso_identity
from pass_harness.mock_server.spaces import lifetimes
from pass_harness.mock_server.spaces.spaces import Space
from pass_harness.mock_server.transport.raw_headers import by_name
from pass_harness.mock_server.transport.request import Inbound

_MAX_USER_AGENT = 512


class Call(msgspec.Struct, eq=False):
    """Collects what checks and endpoints find out, for behaviours to match on and for the journal."""

    space: Space
    settings: Settings
    endpoint: Endpoint | None
    inbound: Inbound
    path_params: dict[str, str]
    now_ms: int
    service_provider: str | None = None
    mvpd: str | None = None
    code: str | None = None
    grant: Grant | None = None
    """What the bearer token was issued for, if it is known."""
    client: Client | None = None
    device: DeviceIdentifier | None = None
    device_name: str | None = None
    session: Session | None = None
    told: ParameterFacts = NO_PARAMETER_FACTS
    behaviours: list[str] = []
    effects: list[str] = []
    """The kinds of what the behaviours did."""
    throttled: bool = False
    ip: str = ""
    _headers: dict[bytes, bytes] = {}
    _viewer: Viewer | None = None

    def __post_init__(self) -> None:
        self._headers = by_name(self.inbound.raw_headers)
        self.ip = effective_ip(self.header("x-forwarded-for"), self.inbound.peer_host)

    def header(self, name: str) -> str | None:
        """The value of a header, its name in lower case; of a repeated one the values, joined."""
        value = self._headers.get(name.encode())
        return value.decode("latin-1") if value is not None else None

    @property
    def user_agent(self) -> str:
        return (self.header("user-agent") or "")[:_MAX_USER_AGENT]

    @property
    def device_info(self) -> dict[str, Any] | None:
        return device_info(self.header("x-device-info"))

    @property
    def requestor(self) -> ServiceProvider:
        """The service provider of the path, which the gateway has checked."""
        return self.space.world.catalogue.service_providers[self.path_params["serviceProvider"]]

    @property
    def authorized_client(self) -> Client:
        """The client of the bearer token, which the gateway has checked."""
        if self.client is None:
            raise ApiError("invalid_access_token_client_application")
        return self.client

    @property
    def viewer(self) -> Viewer:
        """Whose sessions and profiles this request is about, by its token, device and single sign-on headers."""
        if self._viewer is None:
            device = self.identified_device
            self._viewer = Viewer(
                service_provider=self.requestor.id,
                client_id=self.authorized_client.id,
                device=device.value,
                device_decoded=device.decoded,
                sso=sso_identity(self.header, self.requestor, self.space.world.keys, self.now_ms),
            )
        return self._viewer

    async def degradation(self, mvpd: str) -> str | None:
        """The degradation rule that a behaviour has for an MVPD."""
        self.mvpd = mvpd
        effect = await self.effect("degradation")
        return effect.degradation if effect else None

    @property
    def identified_device(self) -> DeviceIdentifier:
        """The device of AP-Device-Identifier, which the gateway has checked."""
        if self.device is None:
            raise ApiError("invalid_header_device_identifier")
        return self.device

    def facts(self, resource: str | None = None) -> RequestFacts:
        """What behaviours match on, as far as it is known by now; of one resource, or of all that are asked for."""
        return RequestFacts(
            endpoint=self.endpoint.id if self.endpoint else "",
            service_provider=self.service_provider or self.told.service_provider,
            mvpd=self.mvpd or self.told.mvpd,
            ip=self.ip,
            device=self.device_name or self.told.device,
            resources=(resource,) if resource is not None else self.told.resources,
            client_id=self.client.id if self.client else self.told.client_id,
        )

    async def effect(self, kind: str, resource: str | None = None) -> Effect | None:
        """The effect of that kind that a behaviour has for this request, noted for the journal."""
        if not self.space.behaviours.active:
            return None
        taken = await self.take(kind, resource)
        return taken.effect if taken is not None else None

    async def take(self, kind: str, resource: str | None = None) -> AppliedEffect | None:
        """As `effect`, with what the behaviour knows of this hit."""
        if not self.space.behaviours.active:
            return None
        taken = await self.space.behaviours.take(kind, self.facts(resource), self.now_ms)
        if taken is not None:
            self._note(taken.id, kind)
        return taken

    async def lifetime(self, name: str) -> int:
        """How long (ms) what is issued now is valid."""
        integration = None
        if self.service_provider is not None and self.mvpd is not None:
            integration = self.space.world.catalogue.integration(self.service_provider, self.mvpd)
        facts = self.facts() if self.space.behaviours.active else None
        length, behaviour = await lifetimes.lifetime(self.space, self.settings, name, facts, integration)
        if behaviour is not None:
            self._note(behaviour, "ttl")
        return length

    async def login_lifetime(self, session: Session) -> int:
        """How long (ms) a login with this session holds."""
        length, behaviour = await lifetimes.login_lifetime(self.space, self.settings, session)
        if behaviour is not None:
            self._note(behaviour, "ttl")
        return length

    def _note(self, behaviour: str, kind: str) -> None:
        self.behaviours.append(behaviour)
        self.effects.append(kind)


class JsonResponse(Response):
    """An answer of Adobe Pass: JSON with the content type that its samples show."""

    def __init__(self, answer: msgspec.Struct, status: int = 200) -> None:
        # Not by Starlette's way, which works out for each answer what is the same for all.
        self.status_code = status
        self.background = None
        self.body = msgspec.json.encode(answer)
        self.raw_headers = [_length(len(self.body)), _JSON]


@lru_cache(maxsize=4096)
def _length(size: int) -> tuple[bytes, bytes]:
    return b"content-length", b"%d" % size


_JSON = (b"content-type", b"application/json;charset=UTF-8")
