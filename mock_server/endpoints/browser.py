"""Pages for the viewer's browser: the redirects of Adobe Pass, the MVPD's login page, and its logout.

The pages are those of the mock; the redirects are those of Adobe's samples (source: Perform authentication in user
agent). A login depends on the code, not on a cookie, so any browser can complete it.
"""

from __future__ import annotations

from urllib.parse import urlencode

from starlette.responses import HTMLResponse, RedirectResponse, Response

from pass_harness.mock_server.adobe.errors import ApiError, PageError
from pass_harness.mock_server.adobe.partner import authentication_request
from pass_harness.mock_server.domain import sessions
from pass_harness.mock_server.domain.records import Session
from pass_harness.mock_server.gateway import parameters
from pass_harness.mock_server.gateway.call import Call
from pass_harness.mock_server.gateway.parameters import Malformed, Repeated
from pass_harness.mock_server.pages import auto_submit_page, logged_out_page, login_page


async def authenticate(call: Call) -> Response:
    session = await _session(call, call.path_params["serviceProvider"], call.path_params["code"])
    target = urlencode(
        {
            "noflash": "true",
            "mso_id": session.mvpd,
            "requestor_id": session.service_provider,
            "no_iframe": "false",
            "domain_name": session.domain_name,
            "redirect_url": session.redirect_url,
            "code": session.code,
        }
    )
    return RedirectResponse(f"{call.inbound.base_url}/adobe-services/authenticate/saml?{target}", 302)


async def saml(call: Call) -> Response:
    given = _fields(call)
    session = await _session(call, given.get("requestor_id", ""), given.get("code", ""))
    mvpd = call.space.world.catalogue.mvpds[session.mvpd or ""]
    login = f"{call.inbound.base_url}/mvpd/{mvpd.id}/login"
    fields = {"requestor_id": session.service_provider, "code": session.code}
    if mvpd.login == "form":
        request = authentication_request(session.session_id, call.now_ms, mvpd, call.inbound.base_url)
        return HTMLResponse(auto_submit_page(login, {**fields, "SAMLRequest": request}))
    return RedirectResponse(f"{login}?{urlencode(fields)}", 302)


async def login_form(call: Call) -> Response:
    session = await _session_of_login(call)
    mvpd = call.space.world.catalogue.mvpds[session.mvpd or ""]
    if mvpd.home_based_authentication:
        subscriber = call.space.world.catalogue.subscriber_at_home(mvpd.id, session.ip)
        if subscriber is not None:
            lifetime = await call.login_lifetime(session)
            await sessions.complete(
                call.space.world, call.now_ms, session, subscriber.username, lifetime, home_based=True
            )
            return RedirectResponse(session.redirect_url or "/", 302)
    return _login_page(call, session)


async def login(call: Call) -> Response:
    try:
        given = parameters.form(call)
    except (Malformed, Repeated) as error:
        raise PageError("The login form could not be read.") from error
    if "SAMLRequest" in given:
        return await login_form(call)
    session = await _session_of_login(call)
    if "cancel" in given:
        return RedirectResponse(session.redirect_url or "/", 302)
    username, password = given.get("username", ""), given.get("password", "")
    subscriber = call.space.world.catalogue.subscriber_of(session.mvpd or "", username)
    if subscriber is None or subscriber.password != password:
        return _login_page(call, session, username=username, wrong=True)
    await sessions.complete(call.space.world, call.now_ms, session, username, await call.login_lifetime(session))
    return RedirectResponse(session.redirect_url or "/", 302)


async def logout(call: Call) -> Response:
    """Return the MVPD's logout page, with a link to the app's redirectUrl."""
    given = _fields(call)
    call.service_provider, call.mvpd = given.get("requestor_id"), given.get("mso_id")
    mvpd = call.space.world.catalogue.mvpds.get(given.get("mso_id", ""))
    if mvpd is None:
        raise PageError("The TV provider of this logout does not exist.")
    return HTMLResponse(logged_out_page(mvpd, given.get("redirect_url", "")))


def _login_page(call: Call, session: Session, *, username: str = "", wrong: bool = False) -> Response:
    mvpd = call.space.world.catalogue.mvpds[session.mvpd or ""]
    page = login_page(mvpd, session, username=username, wrong=wrong)
    return HTMLResponse(page, 401 if wrong else 200)


async def _session_of_login(call: Call) -> Session:
    given = _fields(call) or parameters.form(call)
    session = await _session(call, given.get("requestor_id", ""), given.get("code", ""))
    if session.mvpd != call.path_params["mvpd"]:
        raise PageError("This login is for another TV provider.")
    return session


async def _session(call: Call, service_provider: str, code: str) -> Session:
    call.service_provider, call.code = service_provider or None, code or None
    try:
        session = await sessions.current(call.space.world, call.now_ms, service_provider, code)
    except ApiError as error:
        raise PageError("This code is not valid or has expired. Start again on your device.") from error
    call.mvpd, call.device_name = session.mvpd, session.viewer.device_decoded
    if session.missing():
        raise PageError(f"The login cannot start: the session has no {', '.join(session.missing())}.")
    return session


def _fields(call: Call) -> dict[str, str]:
    try:
        return parameters.query(call)
    except (Malformed, Repeated) as error:
        raise PageError("The address of this page is not valid.") from error
