"""Partner single sign-on, with Apple (source: the two Partner single sign-on pages)."""

from __future__ import annotations

from functools import partial

import msgspec
from starlette.responses import Response

from pass_harness.mock_server.adobe.enums import SessionReason
from pass_harness.mock_server.adobe.errors import ApiError
from pass_harness.mock_server.adobe.models import AuthenticationRequest, SessionAnswer
from pass_harness.mock_server.adobe.partner import (
    ATTRIBUTES_NAMES,
    PARTNERS,
    authentication_request,
    saml_subject,
)
from pass_harness.mock_server.catalogue import Mvpd
from pass_harness.mock_server.domain import degradation, profiles, sessions
from pass_harness.mock_server.domain.records import Profile, Session
from pass_harness.mock_server.domain.sessions import Authorized
from pass_harness.mock_server.endpoints import partner_status
from pass_harness.mock_server.endpoints.profiles import degraded_profile, of_mvpd, profiles_answer
from pass_harness.mock_server.endpoints.sessions import draft, session_answer, session_parameters
from pass_harness.mock_server.gateway import parameters
from pass_harness.mock_server.gateway.call import Call, JsonResponse
from pass_harness.mock_server.gateway.parameters import Malformed, Repeated


async def create_session(call: Call) -> Response:
    partner = _partner(call)
    world = call.space.world
    given = _usable_parameters(call)
    mvpd = partner_status.named_mvpd(call)
    fallback: SessionReason | None = None
    try:
        partner_status.usable_mvpd(call)
    except ApiError:
        fallback = "pfs_fallback"
    session = await draft(call)
    if mvpd is None:
        # The framework names no provider: the login continues with the latest MVPD of the device, if it is active.
        latest = await sessions.latest(world, session.viewer)
        if latest is not None and latest.mvpd and await world.integrated(call.requestor.id, latest.mvpd):
            given = {**given, "mvpd": latest.mvpd}
    else:
        given = {**given, "mvpd": mvpd.id}
    session = await sessions.with_parameters(world, session, given)
    call.mvpd = session.mvpd
    confirmed = partial(partner_status.confirms, call)
    ready = await sessions.authorized(world, call.now_ms, session, call.degradation, confirmed)
    if ready is not None:
        return session_answer(call, ready, incomplete="resume")
    if fallback is None and mvpd is not None and not _is_enabled(call, mvpd):
        fallback = "configuration_fallback"
    if session.missing():
        fallback = fallback or "missing_parameters_fallback"
    if fallback is not None or mvpd is None:
        session = await sessions.start(world, session)
        call.code = session.code
        return session_answer(call, session, incomplete="resume", fallback=fallback)
    return _partner_request(call, session, mvpd, partner)


async def create_profile(call: Call) -> Response:
    _partner(call)
    world = call.space.world
    mvpd = partner_status.usable_mvpd(call)
    await world.integration(call.requestor.id, mvpd.id)
    viewer = call.viewer
    if await call.degradation(mvpd.id) == degradation.AUTHN_ALL:
        return profiles_answer(call, [degraded_profile(call, viewer, mvpd.id)])
    subject = saml_subject(_saml_response(call))
    if not _is_enabled(call, mvpd):
        return await of_mvpd(call, mvpd)
    subscriber = world.catalogue.subscriber_of(mvpd.id, subject) or world.catalogue.subscriber_of(mvpd.id)
    if subscriber is None:
        raise ApiError("invalid_parameter_saml_response", f"{mvpd.id} has no subscriber")
    profile = Profile(
        viewer=msgspec.structs.replace(viewer, sso=None),
        mvpd=mvpd.id,
        username=subscriber.username,
        not_before=call.now_ms,
        not_after=call.now_ms + await call.profile_lifetime(),
        issuer="Apple",
        type="appleSSO",
    )
    profile = await profiles.save(world, profile)
    return profiles_answer(call, [profile], 201)


def _partner(call: Call) -> str:
    partner = call.path_params["partner"]
    if partner not in PARTNERS:
        raise ApiError("invalid_parameter_partner")
    return partner


def _is_enabled(call: Call, mvpd: Mvpd) -> bool:
    """Return whether partner single sign-on is enabled for the integration on the device's platform."""
    return call.space.world.catalogue.platform_flags(call.requestor.id, mvpd.id, call.platform).partner_enabled


def _usable_parameters(call: Call) -> dict[str, str]:
    """Return the valid parameters of a session; an invalid one counts as missing, so that the app resumes."""
    try:
        given = session_parameters(call)
    except ApiError:
        return {}
    redirect_url = given.get("redirectUrl")
    if redirect_url is not None and not sessions.is_redirect_url(redirect_url):
        del given["redirectUrl"]
    return given


def _partner_request(call: Call, session: Session | Authorized, mvpd: Mvpd, partner: str) -> Response:
    request = authentication_request(session.session_id, call.now_ms, mvpd, call.base_url)
    return JsonResponse(
        SessionAnswer(
            action_name="partner_profile",
            action_type="direct",
            reason_type="none",
            url=f"{call.inbound.prefix}/api/v2/{call.requestor.id}/profiles/sso/{partner}",
            session_id=session.session_id,
            mvpd=mvpd.id,
            service_provider=call.requestor.id,
            authentication_request=AuthenticationRequest(
                type="saml", request=request, attributes_names=ATTRIBUTES_NAMES
            ),
        )
    )


def _saml_response(call: Call) -> str | None:
    try:
        return parameters.form(call).get("SAMLResponse")
    except (Malformed, Repeated) as error:
        raise ApiError("invalid_parameter_saml_response") from error
