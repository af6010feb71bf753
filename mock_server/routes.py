"""The whole HTTP surface of the mock, as one list of endpoints and one of control calls."""

from __future__ import annotations

from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp

from pass_harness.mock_server.config.settings import Settings
from pass_harness.mock_server.control import events, exchanges, metrics, views
from pass_harness.mock_server.control import handlers as control
from pass_harness.mock_server.control import keys as control_keys
from pass_harness.mock_server.control.http import guarded
from pass_harness.mock_server.dashboard import dashboard_routes
from pass_harness.mock_server.endpoints import (
    activate,
    browser,
    configuration,
    dcr,
    decisions,
    logout,
    partner,
    profiles,
    sessions,
    temppass,
)
from pass_harness.mock_server.gateway.call import Endpoint
from pass_harness.mock_server.gateway.gateway import Gateway
from pass_harness.mock_server.gateway.path_tree import PathTree
from pass_harness.mock_server.metrics.counters import Counters
from pass_harness.mock_server.metrics.event_loop_lag import EventLoopLag
from pass_harness.mock_server.openapi.route import openapi_route

_API = "/api/v2/{serviceProvider}"

ENDPOINTS = (
    Endpoint("dcr.register", "POST", "/o/client/register", dcr.register, needs_token=False),
    Endpoint("dcr.token", "POST", "/o/client/token", dcr.token, needs_token=False),
    Endpoint("configuration", "GET", f"{_API}/configuration", configuration.retrieve),
    Endpoint("sessions.create", "POST", f"{_API}/sessions", sessions.create, needs_device=True),
    Endpoint("sessions.resume", "POST", f"{_API}/sessions/{{code}}", sessions.resume),
    Endpoint("sessions.retrieve", "GET", f"{_API}/sessions/{{code}}", sessions.retrieve),
    Endpoint(
        "authenticate",
        "GET",
        "/api/v2/authenticate/{serviceProvider}/{code}",
        browser.authenticate,
        needs_token=False,
    ),
    Endpoint("profiles", "GET", f"{_API}/profiles", profiles.all_mvpds, needs_device=True),
    Endpoint("profiles.code", "GET", f"{_API}/profiles/code/{{code}}", profiles.of_code),
    Endpoint("profiles.mvpd", "GET", f"{_API}/profiles/{{mvpd}}", profiles.one_mvpd, needs_device=True),
    Endpoint(
        "decisions.preauthorize",
        "POST",
        f"{_API}/decisions/preauthorize/{{mvpd}}",
        decisions.preauthorize,
        needs_device=True,
        also=(f"{_API}/decision/preauthorize/{{mvpd}}",),
    ),
    Endpoint(
        "decisions.authorize",
        "POST",
        f"{_API}/decisions/authorize/{{mvpd}}",
        decisions.authorize,
        needs_device=True,
        also=(f"{_API}/decision/authorize/{{mvpd}}",),
    ),
    Endpoint("logout", "GET", f"{_API}/logout/{{mvpd}}", logout.initiate, needs_device=True),
    Endpoint(
        "sessions.partner", "POST", f"{_API}/sessions/sso/{{partner}}", partner.create_session, needs_device=True
    ),
    Endpoint(
        "profiles.partner", "POST", f"{_API}/profiles/sso/{{partner}}", partner.create_profile, needs_device=True
    ),
    Endpoint("temppass.reset", "DELETE", "/reset-tempass/v3/reset", temppass.reset),
    Endpoint("browser.saml", "GET", "/adobe-services/authenticate/saml", browser.saml, needs_token=False),
    Endpoint("browser.logout", "GET", "/adobe-services/logout", browser.logout, needs_token=False),
    Endpoint("browser.login-form", "GET", "/mvpd/{mvpd}/login", browser.login_form, needs_token=False),
    Endpoint("browser.login", "POST", "/mvpd/{mvpd}/login", browser.login, needs_token=False),
    Endpoint("browser.activate-form", "GET", "/activate", activate.form, needs_token=False),
    Endpoint("browser.activate", "POST", "/activate", activate.submit, needs_token=False),
    Endpoint("browser.activated", "GET", "/activate/done", activate.done, needs_token=False),
)

CONTROL_CALLS = (
    ("GET", "/health", control.health),
    ("POST", "/reset", control.reset),
    ("GET", "/catalogue", control.catalogue),
    ("PUT", "/integrations/{sp}/{mvpd}", control.set_integration),
    ("GET", "/software-statement", control.software_statement),
    ("GET", "/exchanges", exchanges.exchanges),
    ("GET", "/exchanges.har", exchanges.exchanges_har),
    ("DELETE", "/exchanges", exchanges.clear_exchanges),
    ("GET", "/events", events.events),
    ("GET", "/findings", views.findings),
    ("GET", "/metrics", metrics.metrics),
    ("GET", "/clock", control.show_clock),
    ("POST", "/clock", control.advance_clock),
    ("GET", "/sessions", views.list_sessions),
    ("POST", "/sessions/{code}/login", control.login),
    ("GET", "/buckets", views.list_buckets),
    ("GET", "/behaviours", control.list_behaviours),
    ("POST", "/behaviours", control.add_behaviour),
    ("PUT", "/behaviours/{id}", control.switch_behaviour),
    ("DELETE", "/behaviours/{id}", control.remove_behaviour),
    ("GET", "/presets", control.list_presets),
    ("GET", "/data-centres", control.show_data_centres),
    ("POST", "/data-centres/fail-over", control.fail_over),
    ("GET", "/keys", control_keys.public_keys),
    ("POST", "/keys/rotate", control_keys.rotate_key),
    ("POST", "/media-tokens/verify", control_keys.verify_media_token),
    ("POST", "/access-tokens/revoke", control.revoke_access_tokens),
    ("POST", "/profiles/end", control.end_profiles),
    ("GET", "/spaces", control.list_spaces),
    ("DELETE", "/spaces/{name}", control.delete_space),
)


def routes(settings: Settings, lag: EventLoopLag, counters: Counters) -> list[BaseRoute]:
    """Control calls, the dashboard, the OpenAPI document, then whatever is neither these nor a path of Adobe's."""
    return [
        *(
            Route(f"/_mock{path}", guarded(handler, settings.control_token), methods=[method])
            for method, path, handler in CONTROL_CALLS
        ),
        *dashboard_routes(),
        openapi_route(ENDPOINTS),
        Route("/{path:path}", Gateway({}, settings, lag, counters)),
    ]


def gateways(settings: Settings, lag: EventLoopLag, counters: Counters) -> PathTree[ASGIApp]:
    """Adobe's paths, with the endpoints that share each of them."""
    return PathTree((path, Gateway(endpoints, settings, lag, counters)) for path, endpoints in by_path().items())


def by_path() -> dict[str, dict[str, Endpoint]]:
    """The endpoints of each path by method."""
    found: dict[str, dict[str, Endpoint]] = {}
    for endpoint in ENDPOINTS:
        for path in (endpoint.path, *endpoint.also):
            found.setdefault(path, {})[endpoint.method] = endpoint
    return found
