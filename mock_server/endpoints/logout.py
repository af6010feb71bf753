"""Logout (source: Initiate logout for specific mvpd)."""

from __future__ import annotations

from urllib.parse import urlencode

from starlette.responses import Response

from pass_harness.mock_server.adobe.enums import LogoutAction, LogoutActionType
from pass_harness.mock_server.adobe.errors import ApiError
from pass_harness.mock_server.adobe.models import LogoutAnswer, LogoutEntry
from pass_harness.mock_server.domain import logout, sessions
from pass_harness.mock_server.gateway import parameters
from pass_harness.mock_server.gateway.call import Call, JsonResponse
from pass_harness.mock_server.gateway.parameters import Malformed, Repeated

_ACTION_TYPES: dict[LogoutAction, LogoutActionType] = {
    "logout": "interactive",
    "partner_logout": "partner_interactive",
}


async def initiate(call: Call) -> Response:
    redirect_url = _redirect_url(call)
    mvpd = await call.space.world.integration(call.requestor.id, call.path_params["mvpd"])
    degraded = await call.degradation(mvpd.id) is not None
    action = await logout.logout(call.space.world, call.now_ms, call.viewer, mvpd.id, degraded=degraded)
    effect = await call.effect("logout")
    if effect is not None and effect.logout is not None:
        action = effect.logout
    entry = LogoutEntry(
        action_name=action,
        action_type=_ACTION_TYPES.get(action, "none"),
        mvpd=mvpd.id,
        url=_logout_url(call, mvpd.id, redirect_url) if action == "logout" else None,
    )
    return JsonResponse(LogoutAnswer(logouts={mvpd.id: entry}))


def _logout_url(call: Call, mvpd: str, redirect_url: str) -> str:
    """Return the URL for the app to open in a browser: absolute, or relative after single sign-on (as in samples)."""
    sso = call.viewer.sso
    if sso is not None:
        fields = {"requestor_id": call.requestor.id, "mso_id": mvpd, "pt_device_id": sso.subject}
        return f"{call.inbound.prefix}/adobe-services/logout?{urlencode({**fields, 'redirect_url': redirect_url})}"
    fields = {"noflash": "true", "mso_id": mvpd, "requestor_id": call.requestor.id, "redirect_url": redirect_url}
    return f"{call.base_url}/adobe-services/logout?{urlencode(fields)}"


def _redirect_url(call: Call) -> str:
    try:
        url = parameters.query(call).get("redirectUrl")
    except (Malformed, Repeated) as error:
        raise ApiError("invalid_parameter_redirect_url") from error
    if not url or not sessions.is_redirect_url(url):
        raise ApiError("invalid_parameter_redirect_url")
    return url
