"""The whole HTTP surface of the mock, as one list of endpoints and one of control calls."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp

from pass_harness.mock_server.adobe import requests
from pass_harness.mock_server.api_page import api_page_routes
from pass_harness.mock_server.config.settings import Settings
from pass_harness.mock_server.control import events, exchanges, metrics, replay, views
from pass_harness.mock_server.control import handlers as control
from pass_harness.mock_server.control import keys as control_keys
from pass_harness.mock_server.control.http import guarded
from pass_harness.mock_server.control.unknown_calls import METHODS, UnknownCalls
from pass_harness.mock_server.dashboard import FrontDoor, dashboard_routes
from pass_harness.mock_server.endpoints import (
    activate,
    browser,
    configuration,
    dcr,
    decisions,
    logout,
    partner,
    profiles,
    reads,
    sessions,
    sso_service,
    temppass,
)
from pass_harness.mock_server.gateway.cors import PREFLIGHT
from pass_harness.mock_server.gateway.endpoint import (
    BROWSER,
    DCR,
    FORM,
    JSON,
    SSO,
    TEMPPASS,
    Body,
    Endpoint,
    Identifiers,
    Issues,
)
from pass_harness.mock_server.gateway.gateway import Gateway
from pass_harness.mock_server.gateway.path_tree import PathTree
from pass_harness.mock_server.gateway.unknown_paths import UnknownPaths
from pass_harness.mock_server.metrics.counters import Counters
from pass_harness.mock_server.metrics.event_loop_lag import EventLoopLag
from pass_harness.mock_server.openapi.control_document import control_document
from pass_harness.mock_server.openapi.document import document
from pass_harness.mock_server.openapi.route import openapi_route

_API = "/api/v2/{serviceProvider}"
_SSO = "/api/{serviceProvider}"

_dcr = partial(Endpoint, family=DCR, needs_token=False)
_by_device = partial(Endpoint, needs_device=True)
_sso = partial(Endpoint, family=SSO)
_page = partial(Endpoint, family=BROWSER, is_page=True, needs_token=False)

_SESSION = Body(requests.SessionRequest, FORM, "invalid_parameter_mvpd", required=False)
_DECISIONS = Body(requests.DecisionsRequest, JSON, "invalid_parameter_resources")
_RESOURCES = Identifiers(resources="resources")
_LOGIN = Identifiers(service_provider="requestor_id", code="code")
_LOGOUT = Identifiers(service_provider="requestor_id")

ENDPOINTS = (
    _dcr(
        "dcr.register",
        "POST",
        "/o/client/register",
        dcr.register,
        body=Body(requests.RegistrationRequest, JSON),
        issues=Issues.CREDENTIALS,
    ),
    _dcr(
        "dcr.token",
        "POST",
        "/o/client/token",
        dcr.token,
        body=Body(requests.TokenRequest, FORM),
        identifiers=Identifiers(client_id="client_id"),
        issues=Issues.ACCESS_TOKEN,
        reads=reads.new_token,
    ),
    Endpoint("configuration", "GET", f"{_API}/configuration", configuration.retrieve),
    _by_device(
        "sessions.create",
        "POST",
        f"{_API}/sessions",
        sessions.create,
        body=_SESSION,
        identifiers=Identifiers(mvpd="mvpd"),
        issues=Issues.SESSION,
        reads=reads.new_session,
    ),
    Endpoint(
        "sessions.resume",
        "POST",
        f"{_API}/sessions/{{code}}",
        sessions.resume,
        body=_SESSION,
        identifiers=Identifiers(mvpd="mvpd"),
        issues=Issues.SESSION,
        reads=reads.nothing_more,
    ),
    Endpoint("sessions.retrieve", "GET", f"{_API}/sessions/{{code}}", sessions.retrieve, reads=reads.nothing_more),
    Endpoint(
        "authenticate",
        "GET",
        "/api/v2/authenticate/{serviceProvider}/{code}",
        browser.authenticate,
        is_page=True,
        needs_token=False,
    ),
    _by_device("profiles", "GET", f"{_API}/profiles", profiles.all_mvpds, reads=reads.all_profiles),
    Endpoint("profiles.code", "GET", f"{_API}/profiles/code/{{code}}", profiles.of_code, reads=reads.all_profiles),
    _by_device("profiles.mvpd", "GET", f"{_API}/profiles/{{mvpd}}", profiles.one_mvpd, reads=reads.all_profiles),
    _by_device(
        "decisions.preauthorize",
        "POST",
        f"{_API}/decisions/preauthorize/{{mvpd}}",
        decisions.preauthorize,
        also=(f"{_API}/decision/preauthorize/{{mvpd}}",),
        body=_DECISIONS,
        identifiers=_RESOURCES,
        reads=reads.profile,
    ),
    _by_device(
        "decisions.authorize",
        "POST",
        f"{_API}/decisions/authorize/{{mvpd}}",
        decisions.authorize,
        also=(f"{_API}/decision/authorize/{{mvpd}}",),
        body=_DECISIONS,
        identifiers=_RESOURCES,
        reads=reads.profile_and_permits,
    ),
    _by_device("logout", "GET", f"{_API}/logout/{{mvpd}}", logout.initiate),
    _by_device(
        "sessions.partner",
        "POST",
        f"{_API}/sessions/sso/{{partner}}",
        partner.create_session,
        body=Body(requests.PartnerSessionRequest, FORM, "invalid_parameter_redirect_url"),
        issues=Issues.SESSION,
    ),
    _by_device(
        "profiles.partner",
        "POST",
        f"{_API}/profiles/sso/{{partner}}",
        partner.create_profile,
        body=Body(requests.PartnerProfileRequest, FORM, "invalid_parameter_saml_response"),
    ),
    Endpoint(
        "temppass.reset",
        "DELETE",
        "/reset-tempass/v3/reset",
        temppass.reset,
        family=TEMPPASS,
        identifiers=Identifiers(service_provider="requestor_id", mvpd="mvpd_id", device="device_id"),
    ),
    Endpoint(
        "temppass.reset-generic",
        "DELETE",
        "/reset-tempass/v3/reset/generic",
        temppass.reset_generic,
        family=TEMPPASS,
        identifiers=Identifiers(service_provider="requestor_id", mvpd="mvpd_id"),
    ),
    _sso("sso.token", "POST", f"{_SSO}/serviceToken", sso_service.create_token, needs_device=True),
    _sso("sso.refresh", "GET", f"{_SSO}/serviceToken", sso_service.refresh_token),
    _sso("sso.link", "POST", f"{_SSO}/link", sso_service.create_link),
    _sso("sso.unlink", "POST", f"{_SSO}/unlink", sso_service.unlink, body=Body(requests.UnlinkRequest, JSON)),
    _sso("sso.list", "GET", f"{_SSO}/list", sso_service.list_devices),
    _page(
        "browser.saml",
        "GET",
        "/adobe-services/authenticate/saml",
        browser.saml,
        identifiers=Identifiers(service_provider="requestor_id", code="code", mvpd="mso_id"),
    ),
    _page(
        "browser.logout",
        "GET",
        "/adobe-services/logout",
        browser.logout,
        identifiers=Identifiers(service_provider="requestor_id", mvpd="mso_id"),
    ),
    _page("browser.mvpd-logout", "GET", "/mvpd/{mvpd}/logout", browser.mvpd_logout, identifiers=_LOGOUT),
    _page("browser.login-form", "GET", "/mvpd/{mvpd}/login", browser.login_form, identifiers=_LOGIN),
    _page(
        "browser.login",
        "POST",
        "/mvpd/{mvpd}/login",
        browser.login,
        body=Body(requests.LoginForm, FORM),
        identifiers=_LOGIN,
    ),
    _page("browser.activate-form", "GET", "/activate", activate.form),
    _page("browser.activate", "POST", "/activate", activate.submit, body=Body(requests.ActivateForm, FORM)),
    _page("browser.activated", "GET", "/activate/done", activate.done),
)

CONTROL_CALLS = (
    ("GET", "/health", control.health),
    ("POST", "/reset", control.reset),
    ("GET", "/catalogue", control.catalogue),
    ("PUT", "/integrations/{sp}/{mvpd}", control.set_integration),
    ("PUT", "/applications/{name}", control.set_application),
    ("GET", "/software-statement", control.software_statement),
    ("GET", "/exchanges", exchanges.exchanges),
    ("GET", "/exchanges.har", exchanges.exchanges_har),
    ("DELETE", "/exchanges", exchanges.clear_exchanges),
    ("POST", "/exchanges/{id}/replay", replay.replay),
    ("GET", "/events", events.events),
    ("GET", "/findings", views.findings),
    ("GET", "/metrics", metrics.metrics),
    ("GET", "/stalls", views.list_stalls),
    ("GET", "/clock", control.show_clock),
    ("POST", "/clock", control.advance_clock),
    ("GET", "/sessions", views.list_sessions),
    ("POST", "/sessions/{code}/login", control.login),
    ("GET", "/sso-profiles", views.list_sso_profiles),
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


def routes(
    settings: Settings, lag: EventLoopLag, counters: Counters, endpoints: Sequence[Endpoint]
) -> list[BaseRoute]:
    """Return the routes of control calls, pages and OpenAPI documents, and last a gateway for unknown paths.

    No path below /_mock reaches the gateway, so that mistyped control calls are no exchanges of a service.
    """
    control_calls = [(method, path) for method, path, _ in CONTROL_CALLS]
    refuse = guarded(UnknownCalls([("GET", "/"), *control_calls]).refuse, settings.control_token)
    unknown = Gateway({}, settings, lag, counters, UnknownPaths(endpoints))
    return [
        *(
            Route(f"/_mock{path}", guarded(handler, settings.control_token), methods=[method])
            for method, path, handler in CONTROL_CALLS
        ),
        *dashboard_routes(),
        *api_page_routes(),
        openapi_route("/openapi.json", partial(document, endpoints)),
        openapi_route("/_mock/openapi.json", partial(control_document, control_calls)),
        *(Route(path, refuse, methods=METHODS) for path in ("/_mock", "/_mock/{path:path}")),
        Route("/", FrontDoor(unknown)),
        Route("/{path:path}", unknown),
    ]


def gateways(
    settings: Settings, lag: EventLoopLag, counters: Counters, endpoints: Sequence[Endpoint]
) -> PathTree[ASGIApp]:
    """Return the gateway of each path of Adobe Pass."""
    by_template = by_path(endpoints)
    return PathTree((path, Gateway(found, settings, lag, counters)) for path, found in by_template.items())


def identifiers(endpoints: Sequence[Endpoint]) -> dict[str, dict[str, str]]:
    """Return the ids that a behaviour can match: of the endpoints, of preflights, and "" for unknown paths.

    Each has the names of its identifying parameters by fact, as in `Identifiers`.
    """
    return {**{endpoint.id: dict(endpoint.identifiers) for endpoint in (*endpoints, PREFLIGHT)}, "": {}}


def by_path(endpoints: Sequence[Endpoint]) -> dict[str, dict[str, Endpoint]]:
    """Return the endpoints of each path by method, with the preflight; ValueError for doubled ids or paths."""
    found: dict[str, dict[str, Endpoint]] = {}
    rows: dict[str, Endpoint] = {}
    for endpoint in endpoints:
        if rows.setdefault(endpoint.id, endpoint) is not endpoint:
            raise ValueError(f"two endpoints have the id {endpoint.id} (routes.py); rename one of them")
        for path in endpoint.paths:
            other = found.setdefault(path, {}).setdefault(endpoint.method, endpoint)
            if other is not endpoint:
                raise ValueError(
                    f"{other.id} and {endpoint.id} are both {endpoint.method} {path} (routes.py); change one of them"
                )
    for methods in found.values():
        families = {endpoint.family.name: endpoint.family for endpoint in methods.values()}
        if len(families) > 1:
            ids = " and ".join(endpoint.id for endpoint in methods.values())
            raise ValueError(f"{ids} share a path (routes.py); give them the same family")
        if all(family.cross_origin for family in families.values()):
            methods[PREFLIGHT.method] = PREFLIGHT
    return found
