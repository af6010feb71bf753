"""Profiles of a device, of all MVPDs, of one, or of a code (source: the three Retrieve profiles pages)."""

from __future__ import annotations

from collections.abc import Iterable

from starlette.responses import Response

from mock_server.call import Call, json_answer
from mock_server.domain import profiles, sessions, temppass
from mock_server.domain.records import Profile, owner
from mock_server.domain.temppass import Visitor
from mock_server.endpoints.temppass import temporary_profile, temppass_identity
from mock_server.errors import ApiError
from mock_server.wire import ProfileEntry, ProfilesAnswer


async def all_mvpds(call: Call) -> Response:
    return _answer(await profiles.valid(call.space.world, call.now, _owner(call)))


async def one_mvpd(call: Call) -> Response:
    mvpd = await call.space.world.integration(call.requestor.id, call.path_params["mvpd"])
    if mvpd.temp_pass is not None:
        visitor = Visitor(call.requestor.id, call.identified_device.value, temppass_identity(call))
        trial = await temppass.trial_of(call.space.world, mvpd, visitor)
        refused = temppass.refusal(mvpd, visitor, trial, call.now)
        if refused is not None:
            raise ApiError(refused)
        entry = temporary_profile(mvpd, visitor, trial, call.now)
        return json_answer(ProfilesAnswer(profiles={mvpd.id: entry} if entry else {}))
    return _answer(await profiles.valid(call.space.world, call.now, _owner(call), mvpd.id))


async def of_code(call: Call) -> Response:
    session = await sessions.current(call.space.world, call.now, call.requestor.id, call.path_params["code"])
    if not session.completed:
        return _answer([])
    return _answer(await profiles.valid(call.space.world, call.now, session.owner, session.mvpd))


def _owner(call: Call) -> str:
    return owner(call.requestor.id, call.authorized_client.id, call.identified_device.value)


def _answer(found: Iterable[Profile]) -> Response:
    entries = {
        profile.mvpd: ProfileEntry(
            not_before=profile.not_before,
            not_after=profile.not_after,
            issuer=profile.issuer,
            type=profile.type,
            attributes=profile.attributes,
        )
        for profile in found
    }
    return json_answer(ProfilesAnswer(profiles=entries))
