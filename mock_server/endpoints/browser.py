"""Pages for the viewer's browser: the way from Adobe Pass to the MVPD's login page, that page, and the logout.

The pages are those of the mock. The redirect through /adobe-services is that of Adobe's sample (source: Perform
authentication in user agent); live clients meet the other two ways. A login depends on the code, not on a cookie, so
any browser can complete it. The MVPD keeps a session of its own in the browser, which its logout page ends (source:
cookbooks, logout phase).
"""

from __future__ import annotations

from urllib.parse import quote, urlencode

from starlette.responses import HTMLResponse, RedirectResponse, Response

from pass_harness.mock_server.adobe.device_facts import connection_ip
from pass_harness.mock_server.adobe.errors import ApiError, PageError
from pass_harness.mock_server.adobe.partner import authentication_request
from pass_harness.mock_server.catalogue import Mvpd, Subscriber
from pass_harness.mock_server.domain import browser_sessions, sessions
from pass_harness.mock_server.domain.records import Session
from pass_harness.mock_server.gateway import parameters
from pass_harness.mock_server.gateway.call import Call
from pass_harness.mock_server.gateway.parameters import Malformed, Repeated
from pass_harness.mock_server.pages import auto_submit_page, logged_out_page, login_page

_COOKIE = "mvpd_session"


async def authenticate(call: Call) -> Response:
    """Lead the browser to the MVPD's login page, in the way of that MVPD."""
    session = await _session(call, call.path_params["serviceProvider"], call.path_params["code"])
    match _mvpd_of(call, session).login:
        case "redirect":
            return _to_login_page(call, session)
        case "form":
            return _form_to_login_page(call, session)
        case "adobe-services":
            return _to_adobe_services(call, session)


async def saml(call: Call) -> Response:
    given = _fields(call)
    return _to_login_page(call, await _session(call, given.get("requestor_id", ""), given.get("code", "")))


def _to_adobe_services(call: Call, session: Session) -> Response:
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
    return RedirectResponse(f"{call.base_url}/adobe-services/authenticate/saml?{target}", 302)


def _to_login_page(call: Call, session: Session) -> Response:
    return RedirectResponse(f"{_login_url(call, session)}?{urlencode(_login_fields(session))}", 302)


def _form_to_login_page(call: Call, session: Session) -> Response:
    request = authentication_request(session.session_id, call.now_ms, _mvpd_of(call, session), call.base_url)
    fields = {**_login_fields(session), "SAMLRequest": request}
    return HTMLResponse(auto_submit_page(_login_url(call, session), fields))


def _login_url(call: Call, session: Session) -> str:
    return f"{call.base_url}/mvpd/{session.mvpd}/login"


def _login_fields(session: Session) -> dict[str, str]:
    return {"requestor_id": session.service_provider, "code": session.code}


def _mvpd_of(call: Call, session: Session) -> Mvpd:
    return call.space.world.catalogue.mvpds[session.mvpd or ""]


async def login_form(call: Call) -> Response:
    session = await _session_of_login(call)
    await call.wait_for_mvpd()
    world, mvpd = call.space.world, _mvpd_of(call, session)
    at_home = await _subscriber_at_home(call, session, mvpd)
    if at_home is not None:
        return await _complete(call, session, at_home.username, home_based=True)
    remembered = await browser_sessions.username(world, call.now_ms, mvpd, parameters.cookie(call, _COOKIE))
    if remembered is not None:
        return await _complete(call, session, remembered)
    return _login_page(call, session)


async def _subscriber_at_home(call: Call, session: Session, mvpd: Mvpd) -> Subscriber | None:
    """Return the subscriber whom the MVPD recognises by the home of the streaming device, or None."""
    world = call.space.world
    ip = session.ip if mvpd.home_address_from == "request" else connection_ip(session.device_info)
    if ip is None or not await world.home_based(session.service_provider, mvpd.id, session.platform):
        return None
    return world.catalogue.subscriber_at_home(mvpd.id, ip)


async def _complete(call: Call, session: Session, username: str, *, home_based: bool = False) -> Response:
    """Complete the login, and redirect the browser to the app."""
    lifetime = await call.login_lifetime(session, home_based=home_based)
    await sessions.complete(call.space.world, call.now_ms, session, username, lifetime, home_based=home_based)
    return RedirectResponse(session.redirect_url or "/", 302)


async def login(call: Call) -> Response:
    given = _form(call)
    if "SAMLRequest" in given:
        return await login_form(call)
    session = await _session_of_login(call)
    await call.wait_for_mvpd()
    if "cancel" in given:
        return RedirectResponse(session.redirect_url or "/", 302)
    username, password = given.get("username", ""), given.get("password", "")
    world, mvpd = call.space.world, _mvpd_of(call, session)
    subscriber = world.catalogue.subscriber_of(mvpd.id, username)
    if subscriber is None or subscriber.password != password:
        return _login_page(call, session, username=username, wrong=True)
    answer = await _complete(call, session, username)
    cookie = await browser_sessions.start(world, call.now_ms, mvpd, username)
    if cookie is not None:
        answer.set_cookie(_COOKIE, cookie, path=_cookie_path(call, mvpd.id), secure=_is_https(call), httponly=True)
    return answer


def _cookie_path(call: Call, mvpd: str) -> str:
    return f"{call.inbound.prefix}/mvpd/{quote(mvpd, safe='')}"


def _is_https(call: Call) -> bool:
    return call.base_url.startswith("https:")


async def logout(call: Call) -> Response:
    """Redirect to the logout endpoint of the MVPD."""
    given = _fields(call)
    call.service_provider, call.mvpd = given.get("requestor_id"), given.get("mso_id")
    mvpd = call.space.world.catalogue.mvpds.get(given.get("mso_id", ""))
    if mvpd is None:
        raise PageError("The TV provider of this logout does not exist.")
    passed_on = {name: value for name, value in given.items() if name in {"requestor_id", "redirect_url"}}
    return RedirectResponse(f"{call.base_url}/mvpd/{mvpd.id}/logout?{urlencode(passed_on)}", 302)


async def mvpd_logout(call: Call) -> Response:
    """Redirect to the app's redirectUrl, which tells it that the logout is complete; without one, return a page."""
    given = _fields(call)
    call.service_provider, call.mvpd = given.get("requestor_id"), call.path_params["mvpd"]
    await call.wait_for_mvpd()
    world = call.space.world
    cookie = parameters.cookie(call, _COOKIE)
    await browser_sessions.end(world, cookie)
    redirect_url = given.get("redirect_url", "")
    answer: Response = (
        RedirectResponse(redirect_url, 302)
        if sessions.is_redirect_url(redirect_url)
        else HTMLResponse(logged_out_page(world.catalogue.mvpds[call.mvpd]))
    )
    if cookie is not None:
        answer.delete_cookie(_COOKIE, path=_cookie_path(call, call.mvpd), secure=_is_https(call), httponly=True)
    return answer


def _login_page(call: Call, session: Session, *, username: str = "", wrong: bool = False) -> Response:
    page = login_page(_mvpd_of(call, session), session, username=username, wrong=wrong)
    return HTMLResponse(page, 401 if wrong else 200)


async def _session_of_login(call: Call) -> Session:
    given = _fields(call) or _form(call)
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
    if not await call.space.world.integrated(session.service_provider, session.mvpd or ""):
        raise PageError("This TV provider is not available in this app at present.")
    return session


def _fields(call: Call) -> dict[str, str]:
    try:
        return parameters.query(call)
    except (Malformed, Repeated) as error:
        raise PageError("The address of this page is not valid.") from error


def _form(call: Call) -> dict[str, str]:
    try:
        return parameters.form(call)
    except (Malformed, Repeated) as error:
        raise PageError("The login form could not be read.") from error
