"""Authentication sessions (source: Create, Resume and Retrieve authentication session)."""

from __future__ import annotations

from functools import partial

from starlette.responses import Response

from pass_harness.mock_server.adobe.enums import SessionAction, SessionReason
from pass_harness.mock_server.adobe.errors import ApiError
from pass_harness.mock_server.adobe.models import SessionAnswer, SessionStatus
from pass_harness.mock_server.domain import sessions
from pass_harness.mock_server.domain.records import Session
from pass_harness.mock_server.domain.sessions import Authorized
from pass_harness.mock_server.endpoints import partner_status
from pass_harness.mock_server.endpoints.device import device_of
from pass_harness.mock_server.gateway import parameters
from pass_harness.mock_server.gateway.call import Call, JsonResponse
from pass_harness.mock_server.gateway.parameters import Malformed, Repeated


async def create(call: Call) -> Response:
    given = session_parameters(call)
    confirmed = partial(partner_status.confirms, call)
    session = await sessions.create(
        call.space.world, call.now_ms, await draft(call), given, call.degradation, confirmed
    )
    if isinstance(session, Session):
        call.code = session.code
    return session_answer(call, session, incomplete="resume")


async def resume(call: Call) -> Response:
    given = session_parameters(call)
    code = call.path_params["code"]
    session = await sessions.resume(call.space.world, call.now_ms, call.requestor.id, code, given, call.degradation)
    return session_answer(call, session, incomplete="retry")


async def retrieve(call: Call) -> Response:
    session = await sessions.current(call.space.world, call.now_ms, call.requestor.id, call.path_params["code"])
    answer = SessionStatus(
        existing_parameters=session.existing(),
        missing_parameters=session.missing() or None,
        device=device_of(session),
        not_before=str(session.not_before),
        not_after=str(session.not_after),
    )
    return JsonResponse(answer)


async def draft(call: Call) -> Session:
    """Return a session without code, for the device of a request."""
    return Session(
        code="",
        session_id=call.space.world.ids.uuid(),
        viewer=call.viewer,
        not_before=call.now_ms,
        not_after=call.now_ms + await call.lifetime("session"),
        device_info=call.device_info,
        user_agent=call.user_agent,
        ip=call.ip,
        port=str(call.inbound.peer_port),
    )


def session_parameters(call: Call) -> dict[str, str]:
    """Return those of mvpd, domainName and redirectUrl that the request has."""
    try:
        given = parameters.anywhere(call)
    except (Malformed, Repeated) as error:
        # Adobe documents no error for a malformed form; the first parameter counts as invalid.
        raise ApiError("invalid_parameter_mvpd") from error
    given = {name: value for name, value in given.items() if name in sessions.PARAMETERS and value}
    call.mvpd = given.get("mvpd") or call.mvpd
    return given


def session_answer(
    call: Call, session: Session | Authorized, incomplete: SessionAction, fallback: SessionReason | None = None
) -> Response:
    """Return an answer with the next step of the login.

    ``incomplete`` is the actionName while parameters are missing, ``fallback`` the reasonType.
    """
    prefix = f"{call.inbound.prefix}/api/v2"
    if isinstance(session, Authorized):
        return JsonResponse(
            SessionAnswer(
                action_name="authorize",
                action_type="direct",
                reason_type=session.reason,
                url=f"{prefix}/{session.service_provider}/decisions/authorize/{session.mvpd}",
                session_id=session.session_id,
                mvpd=session.mvpd,
                service_provider=session.service_provider,
            )
        )
    missing = session.missing()
    url = f"/{session.service_provider}/sessions/{session.code}"
    if not missing:
        url = f"/authenticate/{session.service_provider}/{session.code}"
    return JsonResponse(
        SessionAnswer(
            action_name=incomplete if missing else "authenticate",
            action_type="direct" if missing else "interactive",
            reason_type=fallback or "none",
            missing_parameters=missing or None,
            url=prefix + url,
            code=session.code,
            session_id=session.session_id,
            mvpd=session.mvpd,
            service_provider=session.service_provider,
            not_before=str(session.not_before),
            not_after=str(session.not_after),
        )
    )
