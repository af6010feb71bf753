"""TempPass: identity and profile for other endpoints, and the reset API (source: TempPass Feature)."""

from __future__ import annotations

import hashlib
from typing import Any

from starlette.responses import Response

from pass_harness.mock_server.adobe.errors import ApiError
from pass_harness.mock_server.adobe.headers import decode_base64
from pass_harness.mock_server.adobe.models import ProfileEntry
from pass_harness.mock_server.catalogue import Mvpd
from pass_harness.mock_server.domain import registration, temppass
from pass_harness.mock_server.domain.records import Trial
from pass_harness.mock_server.domain.temppass import Visitor
from pass_harness.mock_server.gateway import parameters
from pass_harness.mock_server.gateway.call import Call
from pass_harness.mock_server.gateway.parameters import Malformed, Repeated

_MAX_IDENTITY = 2048


async def reset(call: Call) -> Response:
    """Delete the trials of a device (``device_id`` is the value of AP-Device-Identifier), or all of a TempPass."""
    try:
        given = parameters.query(call)
    except (Malformed, Repeated) as error:
        raise ApiError("invalid_parameter_mvpd") from error
    world = call.space.world
    service_provider, id_ = given.get("requestor_id", ""), given.get("mvpd_id", "")
    call.service_provider, call.mvpd = service_provider or None, id_ or None
    if service_provider not in world.catalogue.service_providers:
        raise ApiError("invalid_parameter_service_provider")
    registration.check_service_provider(call.authorized_client, service_provider)
    if id_ not in world.catalogue.mvpds:
        raise ApiError("invalid_parameter_mvpd")
    mvpd = await world.integration(service_provider, id_)
    if mvpd.temp_pass is None:
        raise ApiError("invalid_parameter_mvpd")
    device = given.get("device_id", "").removeprefix("fingerprint ").strip()
    everyone = device.lower() in {"", "all"}
    await temppass.reset(world, service_provider, mvpd, None if everyone else device)
    return Response(status_code=204)


def temppass_identity(call: Call) -> str | None:
    """Return the value of AP-TempPass-Identity if it is valid Base64, else None."""
    value = (call.header("ap-temppass-identity") or "").strip()
    return value if value and len(value) <= _MAX_IDENTITY and decode_base64(value) else None


def temporary_profile(mvpd: Mvpd, visitor: Visitor, trial: Trial | None, now_ms: int) -> ProfileEntry | None:
    """Return the profile of a trial; before the trial, that of a trial that starts now."""
    if mvpd.temp_pass is None:
        return None
    not_before = trial.started if trial else now_ms
    not_after = trial.not_after if trial else now_ms + mvpd.temp_pass.duration
    used = trial.resources if trial else ()
    attributes: dict[str, Any] = {"expiration_date": not_after, "userID": _user_id(visitor)}
    if mvpd.temp_pass.resources is not None:
        remaining = max(mvpd.temp_pass.resources - len(used), 0)
        attributes = {"remaining_resources": remaining, "used_assets": list(used), **attributes}
    return ProfileEntry(
        not_before=not_before,
        not_after=not_after,
        issuer="Adobe",
        type="temporary",
        attributes={name: {"value": value, "state": "plain"} for name, value in attributes.items()},
    )


def _user_id(visitor: Visitor) -> str:
    digest = hashlib.sha1(f"{visitor.service_provider} {visitor.device}".encode(), usedforsecurity=False)
    return f"temppass_{digest.hexdigest()}"
