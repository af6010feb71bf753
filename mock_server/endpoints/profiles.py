"""Profiles of a device, for all MVPDs, for one, or for a code (source: the three Retrieve profiles pages)."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

import msgspec
from starlette.responses import Response

from pass_harness.mock_server.adobe.errors import ApiError
from pass_harness.mock_server.adobe.models import ProfileEntry, ProfilesAnswer
from pass_harness.mock_server.catalogue import Mvpd
from pass_harness.mock_server.domain import degradation, metadata, profiles, sessions, temppass
from pass_harness.mock_server.domain.profiles import Usable
from pass_harness.mock_server.domain.records import Profile
from pass_harness.mock_server.domain.temppass import Visitor
from pass_harness.mock_server.domain.viewer import Viewer
from pass_harness.mock_server.endpoints import partner_status
from pass_harness.mock_server.endpoints.temppass import temporary_profile, temppass_identity
from pass_harness.mock_server.gateway.call import Call, JsonResponse


async def all_mvpds(call: Call) -> Response:
    confirmed = partial(partner_status.confirms, call)
    return profiles_answer(call, await profiles.valid(call.space.world, call.now_ms, call.viewer, usable=confirmed))


async def one_mvpd(call: Call) -> Response:
    mvpd = await call.space.world.integration(call.requestor.id, call.path_params["mvpd"])
    return await of_mvpd(call, mvpd)


async def of_mvpd(call: Call, mvpd: Mvpd) -> Response:
    """Return the profile of the device with an MVPD, or an answer without profiles."""
    return await _of_viewer(call, call.viewer, mvpd, partial(partner_status.confirms, call))


async def of_code(call: Call) -> Response:
    world, provider = call.space.world, call.requestor.id
    after_login_ms = call.settings.undocumented.code_after_login
    session = await sessions.current(world, call.now_ms, provider, call.path_params["code"], after_login_ms)
    if session.mvpd is None:
        return profiles_answer(call, ())
    mvpd = await world.integration(provider, session.mvpd)
    # A code returns the profile of its own login only, without single sign-on of any kind.
    viewer = session.viewer if session.viewer.sso is None else msgspec.structs.replace(session.viewer, sso=None)
    if mvpd.temp_pass is not None or session.completed:
        return await _of_viewer(call, viewer, mvpd, profiles.is_regular)
    if await call.degradation(mvpd.id) != degradation.AUTHN_ALL:  # once: each look-up counts as a hit
        return profiles_answer(call, ())
    found = await profiles.valid(world, call.now_ms, viewer, mvpd.id, profiles.is_regular)
    return profiles_answer(call, found or [degraded_profile(call, viewer, mvpd.id)])


async def _of_viewer(call: Call, viewer: Viewer, mvpd: Mvpd, usable: Usable) -> Response:
    world = call.space.world
    if mvpd.temp_pass is not None:
        visitor = Visitor(viewer.service_provider, viewer.device_decoded, temppass_identity(call))
        trial = await temppass.trial_of(world, mvpd, visitor)
        refused = temppass.refusal(mvpd, visitor, trial, call.now_ms)
        if refused is not None:
            raise ApiError(refused)
        entry = temporary_profile(mvpd, visitor, trial, call.now_ms)
        return JsonResponse(ProfilesAnswer(profiles={mvpd.id: entry} if entry else {}))
    found = await profiles.valid(world, call.now_ms, viewer, mvpd.id, usable)
    if not found and await call.degradation(mvpd.id) == degradation.AUTHN_ALL:
        found = [degraded_profile(call, viewer, mvpd.id)]
    return profiles_answer(call, found)


def degraded_profile(call: Call, viewer: Viewer, mvpd: str) -> Profile:
    """Return the profile of a viewer under the degradation rule AuthNAll."""
    return Profile(
        viewer=viewer,
        mvpd=mvpd,
        username="",
        not_before=call.now_ms,
        not_after=call.now_ms + call.settings.lifetimes.degraded_profile,
        issuer="Adobe",
        type="degraded",
    )


def profiles_answer(call: Call, found: Iterable[Profile], status: int = 200) -> Response:
    """Return an answer with the profiles by MVPD id, and the user metadata of their MVPDs."""
    provider = call.requestor.id
    entries = {
        profile.mvpd: ProfileEntry(
            not_before=profile.not_before,
            not_after=profile.not_after,
            issuer=profile.issuer,
            type=profile.type,
            attributes=metadata.attributes(call.space.world, profile, provider),
        )
        for profile in found
    }
    return JsonResponse(ProfilesAnswer(profiles=entries), status)
