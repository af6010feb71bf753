"""TempPass: identity and profile for other endpoints, and the reset API (source: TempPass Feature)."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.responses import PlainTextResponse, Response

from pass_harness.mock_server.adobe.errors import ApiError
from pass_harness.mock_server.adobe.headers import identity_hash
from pass_harness.mock_server.adobe.models import ProfileEntry
from pass_harness.mock_server.catalogue import Mvpd
from pass_harness.mock_server.domain import registration, temppass
from pass_harness.mock_server.domain.records import Trial
from pass_harness.mock_server.domain.temppass import Visitor
from pass_harness.mock_server.domain.world import World
from pass_harness.mock_server.gateway import parameters
from pass_harness.mock_server.gateway.call import Call
from pass_harness.mock_server.gateway.parameters import Malformed, Repeated

Reset = Callable[[World, str, Mvpd, str | None], Awaitable[None]]
"""Reset of the trials of a device or identity at a service provider's TempPass; None: of all."""


async def reset(call: Call) -> Response:
    """Delete the trials of a device (``device_id`` is the decoded identifier), or those of all devices."""
    return await _reset(call, "device_id", temppass.reset_devices)


async def reset_generic(call: Call) -> Response:
    """Delete the trials of an identity of a promotional TempPass (``key`` is its hash), or those of all."""
    return await _reset(call, "key", temppass.reset_identities, promotional=True)


async def _reset(call: Call, parameter: str, reset_trials: Reset, *, promotional: bool = False) -> Response:
    try:
        given = parameters.query(call)
    except (Malformed, Repeated) as error:
        raise ApiError("invalid_parameter_mvpd") from error
    world = call.space.world
    service_provider, id_ = given.get("requestor_id", ""), given.get("mvpd_id", "")
    call.service_provider, call.mvpd = service_provider or None, id_ or None
    if service_provider not in world.catalogue.service_providers:
        raise ApiError("invalid_parameter_service_provider")
    if not registration.may_access(call.authorized_client, service_provider):
        return PlainTextResponse("Forbidden", 403)  # only this API answers 403; its page shows no body
    if id_ not in world.catalogue.mvpds:
        raise ApiError("invalid_parameter_mvpd")
    mvpd = await world.integration(service_provider, id_)
    if mvpd.temp_pass is None or (promotional and mvpd.temp_pass.resources is None):
        raise ApiError("invalid_parameter_mvpd")
    value = given.get(parameter, "").strip()
    await reset_trials(world, service_provider, mvpd, None if value.lower() in {"", "all"} else value)
    return Response(status_code=204)


def temppass_identity(call: Call) -> str | None:
    """Return the identity in AP-TempPass-Identity, or None if the header has none."""
    return identity_hash(call.header("ap-temppass-identity"))


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
        # In Adobe's diagrams the value is 0, not an empty list, while no resource is used.
        attributes = {"remaining_resources": remaining, "used_assets": list(used) or 0, **attributes}
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
