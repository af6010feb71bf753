"""Handlers of control calls. Each acts on the space in the prefix of its path."""

from __future__ import annotations

import fnmatch
from collections.abc import Sequence
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from pass_harness.mock_server.adobe.errors import ApiError
from pass_harness.mock_server.behaviours.match_check import doubts, unknown_endpoint
from pass_harness.mock_server.behaviours.model import Behaviour
from pass_harness.mock_server.behaviours.presets import PresetCall, presets
from pass_harness.mock_server.client.models import (
    AddedBehaviours,
    ApplicationApproval,
    ClockState,
    CompletedLogin,
    DataCentresState,
    EndedProfiles,
    Health,
    ListedIntegration,
    RevokedTokens,
    SpaceList,
    SwitchedBehaviour,
)
from pass_harness.mock_server.config.settings import Settings
from pass_harness.mock_server.control.http import Refused, answer, body_as, converted, space_of
from pass_harness.mock_server.control.near_misses import latest_exchanges, near_misses
from pass_harness.mock_server.data_centres.failover import DataCentres
from pass_harness.mock_server.domain import applications, profiles, registration, sessions
from pass_harness.mock_server.domain.records import INTEGRATIONS, SESSIONS, IntegrationState
from pass_harness.mock_server.domain.signing import signing_keys
from pass_harness.mock_server.domain.world import World
from pass_harness.mock_server.formats.durations import Duration, encode_hook
from pass_harness.mock_server.journal.echo import echoed
from pass_harness.mock_server.signing.access_tokens import software_statement as sign_statement
from pass_harness.mock_server.signing.keys import KeyName
from pass_harness.mock_server.spaces.lifetimes import login_lifetime
from pass_harness.mock_server.spaces.spaces import ClockAtEnd, Space, Spaces


class ClockCall(msgspec.Struct, forbid_unknown_fields=True):
    """Duration by which the clock of the space advances."""

    advance: Duration


class LoginCall(msgspec.Struct, forbid_unknown_fields=True):
    """Subscriber who logs in; without a name, the default subscriber of the MVPD."""

    username: str | None = None


class RevokeCall(msgspec.Struct, forbid_unknown_fields=True):
    """Client whose access tokens are revoked; all clients without an id."""

    client_id: str | None = None


class ApprovalCall(msgspec.Struct, forbid_unknown_fields=True):
    """Approval of an application."""

    approved: bool


class EndProfilesCall(msgspec.Struct, forbid_unknown_fields=True):
    """Profiles to end: those that have all given values."""

    service_provider: str | None = None
    mvpd: str | None = None
    client_id: str | None = None
    device: str | None = None


class IntegrationCall(msgspec.Struct, forbid_unknown_fields=True):
    """New switches of an integration; at least one."""

    enabled: bool | None = None
    home_based_authentication: bool | None = None


class SwitchCall(msgspec.Struct, forbid_unknown_fields=True):
    """Switch of a behaviour."""

    enabled: bool


async def health(request: Request) -> Response:
    clock = space_of(request).clock
    return answer(Health("ok", clock.now_ms(), clock.monotonic_s()))


async def reset(request: Request) -> Response:
    spaces: Spaces = request.app.state.spaces
    await spaces.reset(space_of(request))
    return Response(status_code=204)


async def catalogue(request: Request) -> Response:
    world = space_of(request).world
    tables = msgspec.to_builtins(world.catalogue.tables, enc_hook=encode_hook)
    for subscriber in tables["subscribers"]:
        del subscriber["password"]
    for application in tables["applications"]:
        application["approved"] = await applications.is_approved(world, application["id"])
    integrations = [
        await _integration(world, provider.id, mvpd)
        for provider in world.catalogue.service_providers.values()
        for mvpd in provider.mvpds
    ]
    return answer({**tables, "integrations": integrations})


async def set_integration(request: Request) -> Response:
    body = body_as(request, IntegrationCall)
    if body == IntegrationCall():
        raise Refused('nothing to set: send "enabled" or "home_based_authentication", true or false')
    world = space_of(request).world
    service_provider, mvpd = request.path_params["sp"], request.path_params["mvpd"]
    provider = world.catalogue.service_providers.get(service_provider)
    if provider is None or mvpd not in provider.mvpds:
        raise Refused(f"the catalogue has no integration of {service_provider} with {mvpd}", 404)
    given = {name: value for name, value in msgspec.structs.asdict(body).items() if value is not None}

    def step(kept: IntegrationState | None) -> tuple[IntegrationState, None]:
        return msgspec.structs.replace(kept or IntegrationState(), **given), None

    await world.store.change(INTEGRATIONS, service_provider, mvpd, step)
    return answer(await _integration(world, service_provider, mvpd))


async def _integration(world: World, service_provider: str, mvpd: str) -> ListedIntegration:
    """Return the switches of an integration, for devices of an unknown platform."""
    return ListedIntegration(
        service_provider=service_provider,
        mvpd=mvpd,
        enabled=await world.integrated(service_provider, mvpd),
        home_based_authentication=await world.home_based(service_provider, mvpd),
    )


async def set_application(request: Request) -> Response:
    body = body_as(request, ApprovalCall)
    world = space_of(request).world
    name = _known_application(world, request.path_params["name"])
    ended = await applications.set_approved(world, name, approved=body.approved)
    return answer(ApplicationApproval(name, body.approved, ended))


async def software_statement(request: Request) -> Response:
    world = space_of(request).world
    name = _known_application(world, request.query_params.get("application", "default"))
    key, *_ = await signing_keys(world, KeyName.AUTHORIZATION_SERVER)
    return PlainTextResponse(sign_statement(world.catalogue.applications[name], key))


def _known_application(world: World, name: str) -> str:
    """Return the name of an application of the catalogue; Refused for any other."""
    if name not in world.catalogue.applications:
        known = ", ".join(world.catalogue.applications)
        raise Refused(f"there is no application {name!r}; choose one of: {known}", 404)
    return name


async def show_clock(request: Request) -> Response:
    clock = space_of(request).clock
    return answer(ClockState(clock.now_ms(), clock.offset_ms))


async def advance_clock(request: Request) -> Response:
    body = body_as(request, ClockCall)
    try:
        await space_of(request).advance(body.advance)
    except ClockAtEnd as error:
        raise Refused(str(error)) from error
    return await show_clock(request)


async def login(request: Request) -> Response:
    body = body_as(request, LoginCall)
    space, code = space_of(request), request.path_params["code"]
    settings: Settings = request.app.state.settings
    found = await space.world.store.read(SESSIONS, code)
    if found is None:
        raise Refused(f"there is no session with the code {code}", 404)
    try:
        session = await sessions.current(space.world, space.clock.now_ms(), found.service_provider, code)
    except ApiError as error:
        raise Refused(f"the session of {code} has expired or was replaced by a newer one", 409) from error
    if session.missing():
        raise Refused(f"the session of {code} lacks {', '.join(session.missing())}: resume it first", 409)
    if not await space.world.integrated(session.service_provider, session.mvpd or ""):
        raise Refused(f"the integration of {session.service_provider} with {session.mvpd} is disabled", 409)
    subscriber = space.world.catalogue.subscriber_of(session.mvpd or "", body.username)
    if subscriber is None:
        raise Refused(_no_account(session.mvpd, body.username), 404)
    lifetime, _ = await login_lifetime(space, settings, session)
    await sessions.complete(space.world, space.clock.now_ms(), session, subscriber.username, lifetime)
    return answer(CompletedLogin(code, session.mvpd or "", subscriber.username))


def _no_account(mvpd: str | None, username: str | None) -> str:
    return f"{username} has no account at {mvpd}" if username else f"the catalogue has no subscriber of {mvpd}"


async def list_behaviours(request: Request) -> Response:
    """Return the behaviours; those without a hit with the reason."""
    space = space_of(request)
    stored, now_ms = await space.behaviours.stored(), space.clock.now_ms()
    missed = await near_misses(space, stored, request.app.state.identifiers)
    return answer({"behaviours": [{**one.listed(now_ms), "near_miss": missed.get(one.id)} for one in stored]})


async def add_behaviour(request: Request) -> Response:
    """Add one behaviour, or the behaviours of a preset; warn of a match that selects nothing known."""
    call = body_as(request, dict[str, Any])
    space = space_of(request)
    try:
        if "preset" in call:
            behaviours = converted(request, call, PresetCall).behaviours()
        else:
            behaviours = (converted(request, call, Behaviour),)
        for behaviour in behaviours:
            if unknown := unknown_endpoint(behaviour.match, request.app.state.identifiers):
                raise Refused(f"match.endpoint: {unknown}")
        warnings = await _warnings(space, behaviours)
        ids = [await space.behaviours.add(behaviour, space.clock.now_ms()) for behaviour in behaviours]
    except ValueError as error:
        raise Refused(str(error)) from error
    return answer(AddedBehaviours(ids[0], ids, warnings), 201)


async def _warnings(space: Space, behaviours: Sequence[Behaviour]) -> list[str]:
    """Return a sentence for each member of a match that selects nothing known."""
    found = dict.fromkeys(doubt for one in behaviours for doubt in doubts(one.match, space.world.catalogue))
    devices = dict.fromkeys(one.match.device for one in behaviours if one.match.device is not None)
    if devices and not any(field == "device" for field, _ in found):
        seen = {exchange.device for exchange in await latest_exchanges(space) if exchange.device is not None}
        unseen = [device for device in devices if not fnmatch.filter(seen, device)]
        found |= {("device", f'no recent request has the device "{device}"'): None for device in unseen}
    return [echoed(f"match.{field}: {sentence}", space.masker) for field, sentence in found]


async def list_presets(_: Request) -> Response:
    return answer({name: preset.about for name, preset in presets().items()})


async def show_data_centres(request: Request) -> Response:
    centres: DataCentres | None = request.app.state.data_centres
    if centres is None:
        raise Refused("this mock has one data centre: start it with --data-centres 2", 404)
    space = space_of(request).name
    traffic = await centres.traffic(space)
    return answer(
        DataCentresState(
            name=centres.name_of(space),
            addresses=list(centres.addresses),
            active=centres.active(traffic),
            queries=traffic.asked,
            dns=centres.dns,
        )
    )


async def fail_over(request: Request) -> Response:
    centres: DataCentres | None = request.app.state.data_centres
    if centres is not None:
        await centres.fail_over(space_of(request).name)
    return await show_data_centres(request)


async def switch_behaviour(request: Request) -> Response:
    body = body_as(request, SwitchCall)
    behaviour: str = request.path_params["id"]
    if not await space_of(request).behaviours.set_enabled(behaviour, enabled=body.enabled):
        raise Refused(f"there is no behaviour {behaviour}", 404)
    return answer(SwitchedBehaviour(behaviour, body.enabled))


async def remove_behaviour(request: Request) -> Response:
    if not await space_of(request).behaviours.remove(request.path_params["id"]):
        raise Refused(f"there is no behaviour {request.path_params['id']}", 404)
    return Response(status_code=204)


async def revoke_access_tokens(request: Request) -> Response:
    body = body_as(request, RevokeCall)
    return answer(RevokedTokens(await registration.revoke_tokens(space_of(request).world, body.client_id)))


async def end_profiles(request: Request) -> Response:
    body = body_as(request, EndProfilesCall)
    return answer(EndedProfiles(await profiles.end(space_of(request).world, **msgspec.structs.asdict(body))))


async def list_spaces(request: Request) -> Response:
    spaces: Spaces = request.app.state.spaces
    return answer(SpaceList(await spaces.names()))


async def delete_space(request: Request) -> Response:
    spaces: Spaces = request.app.state.spaces
    if not await spaces.delete(request.path_params["name"]):
        raise Refused(f"there is no space {request.path_params['name']}", 404)
    return Response(status_code=204)
