"""The SSO Service: service tokens, link codes and devices of SSO profiles (source: Adobe Single Sign-On Service)."""

from __future__ import annotations

import re

from starlette.responses import Response

from pass_harness.mock_server.adobe.models import (
    LinkAnswer,
    ServiceTokenAnswer,
    SsoDeviceEntry,
    SsoDevicesAnswer,
    UnlinkAnswer,
)
from pass_harness.mock_server.adobe.sso_errors import (
    IDENTITY_MISSING,
    REQUEST_INVALID,
    REQUEST_NULL,
    SERVICE_TOKEN_MISSING,
    TOKEN_INVALID,
    SsoError,
)
from pass_harness.mock_server.domain import sso_service
from pass_harness.mock_server.domain.records import SsoDevice
from pass_harness.mock_server.domain.sso_service import ServiceToken
from pass_harness.mock_server.gateway import parameters
from pass_harness.mock_server.gateway.call import Call, SsoResponse
from pass_harness.mock_server.gateway.parameters import Malformed

_MAX_IDENTIFIER = 1024
"""Maximum length of X-SSO-ID in characters, so that its service token is short enough for AD-Service-Token."""
_LINK_CODE = re.compile(r"[0-9]{6}")
_DEVICE_TYPES = {"TV": "smartTV", "MobilePhone": "mobile", "Tablet": "tablet"}
"""The device types of the sample, by those of X-Device-Info."""


async def create_token(call: Call) -> Response:
    """Issue a service token for a common identifier (X-SSO-ID) or the SSO profile of a link code (X-SSO-LINK)."""
    world, provider, device = call.space.world, call.requestor.id, call.identified_device
    link, identifier = _given(call, "x-sso-link"), _given(call, "x-sso-id")
    if link:
        if not _LINK_CODE.fullmatch(link):
            raise SsoError(TOKEN_INVALID)
        subject = await sso_service.use_link(world, call.now_ms, provider, link)
    elif identifier and len(identifier) <= _MAX_IDENTIFIER:
        subject = identifier
    else:
        raise SsoError(IDENTITY_MISSING)
    await sso_service.add_device(world, call.now_ms, provider, subject, device, call.device_info, call.user_agent)
    return await _token_answer(call, subject, "CREATED", 201)


async def refresh_token(call: Call) -> Response:
    """Issue a service token in exchange for one that is valid or expired a short time ago."""
    earlier = _service_token(call, "sso.refresh", call.settings.lifetimes.service_token_refresh)
    return await _token_answer(call, earlier.subject, "OK", 200)


async def create_link(call: Call) -> Response:
    """Issue a link code, with which another device joins the SSO profile of the service token."""
    subject = await _profile_in_use(call, "sso.link")
    lifetime_ms = await call.lifetime("link_code")
    code, link = await sso_service.create_link(call.space.world, call.now_ms, call.requestor.id, subject, lifetime_ms)
    answer = LinkAnswer(status="CREATED", code=code, not_before=call.now_ms, not_after=link.not_after)
    return SsoResponse(answer, 201)


async def unlink(call: Call) -> Response:
    """Remove devices from the SSO profile of the service token."""
    subject = await _profile_in_use(call, "sso.unlink")
    unlinked = await sso_service.unlink(call.space.world, call.requestor.id, subject, _devices(call))
    return SsoResponse(UnlinkAnswer(status="OK", unlinked_devices=unlinked))


async def list_devices(call: Call) -> Response:
    """Return the devices of the SSO profile of the service token."""
    subject = await _profile_in_use(call, "sso.list")
    found = await sso_service.devices(call.space.world, call.now_ms, call.requestor.id, subject)
    return SsoResponse(SsoDevicesAnswer(devices={one.device: device_entry(one, login) for one, login in found}))


def device_entry(device: SsoDevice, made_login: bool) -> SsoDeviceEntry:
    """Return the attributes of a device, from its X-Device-Info, completed by its User-Agent."""
    facts = device.device_facts
    kind = str(facts.get("primaryHardwareType", "Unknown"))
    model, version = facts.get("model"), facts.get("osVersion")
    return SsoDeviceEntry(
        device_type=_DEVICE_TYPES.get(kind, kind),
        model=str(model) if model is not None else None,
        os=str(facts.get("osName", "Unknown")),
        os_version=str(version) if version is not None else None,
        last_seen=device.last_seen,
        type="regular" if made_login else "sso",
    )


async def _token_answer(call: Call, subject: str, status: str, code: int) -> Response:
    lifetime_ms = await call.lifetime("service_token")
    issued = sso_service.issue_token(call.space.world, call.now_ms, subject, lifetime_ms)
    answer = ServiceTokenAnswer(
        status=status, service_token=issued.text, not_before=issued.not_before, not_after=issued.not_after
    )
    return SsoResponse(answer, code)


def _service_token(call: Call, endpoint: str, grace_ms: int = 0) -> ServiceToken:
    """Return the service token in AD-Service-Token; SsoError if it is missing, invalid or expired."""
    text = _given(call, "ad-service-token")
    if text is None:
        raise SsoError(SERVICE_TOKEN_MISSING[endpoint])
    return sso_service.read_token(call.space.world, call.now_ms, text, grace_ms)


async def _profile_in_use(call: Call, endpoint: str) -> str:
    """Return the common identifier of the caller's SSO profile; SsoError if the device may not use it."""
    device = call.identified_device
    subject = _service_token(call, endpoint).subject
    await sso_service.note_use(call.space.world, call.now_ms, call.requestor.id, subject, device.value)
    return subject


def _devices(call: Call) -> list[str]:
    try:
        devices = parameters.json_object(call).get("devices")
    except Malformed as error:
        raise SsoError(REQUEST_NULL) from error
    if not devices or not isinstance(devices, list) or not all(isinstance(one, str) and one for one in devices):
        raise SsoError(REQUEST_INVALID)
    return [one.removeprefix("fingerprint ") for one in devices]


def _given(call: Call, header: str) -> str | None:
    return (call.header(header) or "").strip() or None
