"""The second screen: a page on which a viewer types the code that the TV shows.

The page replaces a Programmer's web app, so it needs no access token, and rules ignore its requests. Like such an
app, it adds missing parameters to the session and redirects the browser to authenticate (source: Basic
authentication, secondary application flow).
"""

from __future__ import annotations

from urllib.parse import urlencode, urlsplit

from starlette.responses import HTMLResponse, RedirectResponse, Response

from pass_harness.mock_server.adobe.errors import ApiError, PageError
from pass_harness.mock_server.catalogue import Mvpd
from pass_harness.mock_server.domain import sessions
from pass_harness.mock_server.domain.records import SESSIONS, Session
from pass_harness.mock_server.domain.sessions import Authorized
from pass_harness.mock_server.gateway import parameters
from pass_harness.mock_server.gateway.call import Call
from pass_harness.mock_server.gateway.parameters import Malformed, Repeated
from pass_harness.mock_server.pages import activate_page, activated_page, landing_page

_NO_CODE = "Enter the code that your device shows."
_UNKNOWN_CODE = "This code does not exist. Compare it with the code that your device shows."
_EXPIRED = "This code is no longer valid. Get a new one on your device and enter that."
_NO_PROVIDER = "This TV provider cannot be used here. Choose another one."


async def form(call: Call) -> Response:
    """Return the page; the query parameter ``code`` (of a QR code, say) fills the field."""
    return HTMLResponse(activate_page(_address(call), _code(_query(call))))


async def submit(call: Call) -> Response:
    """Look the code up, and return the form for the TV provider or start the login."""
    given = _form(call)
    code = _code(given)
    session, problem = await _session(call, code)
    if session is None:
        return HTMLResponse(activate_page(_address(call), code, error=problem), 400)
    if session.mvpd is None and not given.get("mvpd"):
        return await _provider_page(call, session)
    return await _start_login(call, session, given)


async def done(call: Call) -> Response:
    """Return the page after the login. The session has the result: the browser comes back after a cancel too.

    A service may use the address as redirectUrl; without the code, the page shows no result.
    """
    code = _code(_query(call))
    if not code:
        return HTMLResponse(landing_page())
    session = await call.space.world.store.read(SESSIONS, code)
    logged_in = session is not None and session.completed
    mvpd = call.space.world.catalogue.mvpds.get(session.mvpd or "") if session is not None else None
    provider = mvpd.display_name if mvpd is not None and logged_in else None
    again = f"{_address(call)}?{urlencode({'code': code})}"
    return HTMLResponse(activated_page(provider, again))


async def _start_login(call: Call, session: Session, given: dict[str, str]) -> Response:
    """Add the missing parameters to the session, and redirect the browser to the login."""
    done_at = f"{_address(call)}/done?{urlencode({'code': session.code})}"
    domains = call.space.world.catalogue.service_providers[session.service_provider].domains
    domain = domains[0] if domains else _host(call)
    available = {"mvpd": given.get("mvpd", ""), "domainName": domain, "redirectUrl": done_at}
    missing: tuple[str, ...] = session.missing()
    added: dict[str, str] = {name: value for name, value in available.items() if name in missing}
    try:
        resumed = await sessions.resume(
            call.space.world, call.now_ms, session.service_provider, session.code, added, call.degradation
        )
    except ApiError:
        return await _provider_page(call, session, error=_NO_PROVIDER)
    if isinstance(resumed, Authorized):
        provider = call.space.world.catalogue.mvpds[resumed.mvpd]
        return HTMLResponse(activated_page(provider.display_name, _address(call)))
    return RedirectResponse(f"{call.base_url}/api/v2/authenticate/{session.service_provider}/{session.code}", 303)


async def _provider_page(call: Call, session: Session, error: str | None = None) -> Response:
    page = activate_page(
        _address(call),
        session.code,
        channel=session.service_provider,
        providers=await _providers(call, session.service_provider),
        error=error,
    )
    return HTMLResponse(page, 400 if error else 200)


async def _providers(call: Call, service_provider: str) -> list[Mvpd]:
    """Return the active MVPDs of a service provider by name, without TempPasses: they need no login."""
    world = call.space.world
    found = [
        world.catalogue.mvpds[mvpd]
        for mvpd in world.catalogue.service_providers[service_provider].mvpds
        if await world.integrated(service_provider, mvpd)
    ]
    return sorted((mvpd for mvpd in found if mvpd.temp_pass is None), key=lambda mvpd: mvpd.display_name.lower())


async def _session(call: Call, code: str) -> tuple[Session | None, str]:
    """Return the valid session of a code; without one, None and an error message for the viewer."""
    if not code:
        return None, _NO_CODE
    found = await call.space.world.store.read(SESSIONS, code)
    if found is None:
        return None, _UNKNOWN_CODE
    call.code, call.service_provider, call.mvpd = code, found.service_provider, found.mvpd
    call.device_name = found.viewer.device_decoded
    try:
        return await sessions.current(call.space.world, call.now_ms, found.service_provider, code), ""
    except ApiError:
        return None, _EXPIRED


def _address(call: Call) -> str:
    return f"{call.base_url}/activate"


def _host(call: Call) -> str:
    try:
        return urlsplit(call.base_url).hostname or ""
    except ValueError:  # the Host header is no host
        return ""


def _code(given: dict[str, str]) -> str:
    """Return the code of the form in canonical form: people type it in any case, with spaces or hyphens."""
    return "".join(given.get("code", "").split()).replace("-", "").upper()


def _query(call: Call) -> dict[str, str]:
    try:
        return parameters.query(call)
    except (Malformed, Repeated) as error:
        raise PageError("The address of this page is not valid.") from error


def _form(call: Call) -> dict[str, str]:
    try:
        return parameters.form(call)
    except (Malformed, Repeated) as error:
        raise PageError("The form could not be read.") from error
