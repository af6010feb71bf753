"""Logout (source: Initiate logout for specific mvpd)."""

from __future__ import annotations

from urllib.parse import urlencode

from starlette.responses import Response

from mock_server import parameters
from mock_server.call import Call, json_answer
from mock_server.domain import logout
from mock_server.domain.records import owner
from mock_server.errors import ApiError
from mock_server.parameters import Malformed, Repeated
from mock_server.wire import LogoutAnswer, LogoutEntry


async def initiate(call: Call) -> Response:
    redirect_url = _redirect_url(call)
    mvpd = await call.space.world.integration(call.requestor.id, call.path_params["mvpd"])
    whose = owner(call.requestor.id, call.authorized_client.id, call.identified_device.value)
    action = await logout.logout(call.space.world, call.now, whose, mvpd.id)
    target = urlencode(
        {"noflash": "true", "mso_id": mvpd.id, "requestor_id": call.requestor.id, "redirect_url": redirect_url}
    )
    interactive = action == "logout"
    entry = LogoutEntry(
        action_name=action,
        action_type="interactive" if interactive else "none",
        mvpd=mvpd.id,
        url=f"{call.inbound.base_url}/adobe-services/logout?{target}" if interactive else None,
    )
    return json_answer(LogoutAnswer(logouts={mvpd.id: entry}))


def _redirect_url(call: Call) -> str:
    try:
        url = parameters.query(call).get("redirectUrl")
    except (Malformed, Repeated) as error:
        raise ApiError("invalid_parameter_redirect_url") from error
    if not url:
        raise ApiError("invalid_parameter_redirect_url")
    return url
