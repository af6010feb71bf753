"""Parameters and headers of requests that the page of each endpoint lists, and those beyond them.

Sources: the API pages of REST API V2 and DCR, their samples, and Adobe's OpenAPI document.
"""

from __future__ import annotations

from functools import lru_cache

from pass_harness.conformance.facts.exchanges import form, json_object
from pass_harness.mock_server.exchange import Exchange

PREFIXES = ("ap-", "ap_", "pass_", "pass-", "adobe-", "ad-")
"""Prefixes of Adobe's own headers; the rule ignores all others."""
EVERYWHERE = frozenset({"ap-device-identifier", "ap-visitor-identifier", "adobe-subject-token"})
"""Headers that name the caller. The guide asks for the visitor's on all APIs, and the Amazon SSO Cookbook for the
platform identity on all calls of REST API V2. Not all pages list the device's, but an app that sends it with every
call breaks nothing."""
SINGLE_SIGN_ON = frozenset({"ad-service-token"})
PARTNER = frozenset({"ap-partner-framework-status"})
TEMPPASS = frozenset({"ap-temppass-identity"})
HEADERS = {
    "sessions.create": SINGLE_SIGN_ON,
    "sessions.partner": PARTNER,
    "profiles": SINGLE_SIGN_ON | PARTNER,
    "profiles.mvpd": SINGLE_SIGN_ON | PARTNER | TEMPPASS,
    "profiles.code": TEMPPASS,
    "profiles.partner": PARTNER,
    # Of these two, the OpenAPI document alone lists AP-TempPass-Identity for preauthorize.
    "decisions.preauthorize": SINGLE_SIGN_ON | PARTNER | TEMPPASS,
    "decisions.authorize": SINGLE_SIGN_ON | PARTNER | TEMPPASS,
    "logout": SINGLE_SIGN_ON,
}
"""Adobe's headers that the page of an endpoint lists, besides those that are allowed everywhere."""
SESSION = frozenset({"mvpd", "domainName", "redirectUrl"})
PARAMETERS = {
    "dcr.register": frozenset({"software_statement", "redirect_uri"}),
    "dcr.token": frozenset({"client_id", "client_secret", "grant_type"}),
    "configuration": frozenset({"profile"}),
    "sessions.create": SESSION,
    "sessions.resume": SESSION,
    "sessions.retrieve": frozenset[str](),
    "sessions.partner": SESSION,
    "profiles": frozenset[str](),
    "profiles.mvpd": frozenset[str](),
    "profiles.code": frozenset[str](),
    "profiles.partner": frozenset({"SAMLResponse"}),
    "decisions.preauthorize": frozenset({"resources"}),
    "decisions.authorize": frozenset({"resources"}),
    "logout": frozenset({"redirectUrl"}),
}


@lru_cache(maxsize=1024)
def unlisted_headers(names: tuple[str, ...], endpoint: str) -> tuple[str, ...]:
    """Return those of a request's headers that are Adobe's and that the page of its endpoint does not list."""
    listed = EVERYWHERE | HEADERS.get(endpoint, frozenset())
    return tuple(name for name in names if name.startswith(PREFIXES) and name not in listed)


def sent_parameters(exchange: Exchange) -> set[str]:
    """Return the names of the parameters of a request, in the query string and in the body."""
    body = exchange.request_body
    sent = json_object(body) if body.lstrip("\ufeff \t\r\n").startswith("{") else form(body)
    return {*form(exchange.query), *sent} if exchange.query else set(sent)
