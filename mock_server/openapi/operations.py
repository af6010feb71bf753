"""Descriptions of all endpoints by id. Sources: the API pages of REST API V2, DCR and the SSO Service."""

from __future__ import annotations

from dataclasses import replace

from pass_harness.mock_server.adobe.models import (
    ClientCredentials,
    ConfigurationAnswer,
    DecisionsAnswer,
    LinkAnswer,
    LogoutAnswer,
    ProfilesAnswer,
    ServiceTokenAnswer,
    SessionAnswer,
    SessionStatus,
    SsoDevicesAnswer,
    TokenAnswer,
    UnlinkAnswer,
)
from pass_harness.mock_server.openapi import parameters as p
from pass_harness.mock_server.openapi.operation import HTML, Answer, Link, Operation, Parameter

_PROFILES = Answer("Valid profiles by MVPD; empty before a login.", ProfilesAnswer)
_NEXT_STEP = Answer("The next step of the login.", SessionAnswer)
_DECISIONS = Answer("One decision per resource.", DecisionsAnswer)
_PAGE = Answer("An HTML page.", media_type=HTML)
_RESET = {204: Answer("The trials are deleted.")}
_REDIRECT = Answer("Redirect to the next page.", headers={"Location": "URL of the next page."})

_SAME_PROVIDER = {"path.serviceProvider": "$request.path.serviceProvider"}
_NEW_CODE = {**_SAME_PROVIDER, "path.code": "$response.body#/code"}
_SAME_CODE = {**_SAME_PROVIDER, "path.code": "$request.path.code"}
_SAME_MVPD = {**_SAME_PROVIDER, "path.mvpd": "$request.path.mvpd"}
_SAME_DEVICE = {"header.AP-Device-Identifier": "$request.header.AP-Device-Identifier"}
_LINKS_OF_CODE = (
    Link("profiles.code", "Poll for a login with the code.", _NEW_CODE),
    Link("sessions.retrieve", "Retrieve the session.", _NEW_CODE),
    Link("sessions.resume", "Add the missing parameters.", _NEW_CODE),
    Link("authenticate", "Open the login page in a browser.", _NEW_CODE),
)


def _query(name: str, sentence: str, example: str | None = None) -> Parameter:
    return Parameter(
        name, "query", sentence, required=True, schema={"type": "string", "minLength": 1}, example=example
    )


_OPTIONAL_DEVICE = (replace(p.DEVICE_IDENTIFIER, required=False), replace(p.DEVICE_INFO, required=False))
_API = (*p.COMMON, p.VISITOR)
_WITH_SSO = (*_API, *p.SINGLE_SIGN_ON)
_WITH_PARTNER = (*_WITH_SSO, p.FRAMEWORK_STATUS)
_WITH_SERVICE_TOKEN = (p.DEVICE_IDENTIFIER, p.REQUIRED_SERVICE_TOKEN, *p.COMMON)
_SERVICE_TOKEN = Answer("The service token, for the header AD-Service-Token.", ServiceTokenAnswer)
_NEW_SERVICE_TOKEN = {**_SAME_PROVIDER, "header.AD-Service-Token": "$response.body#/serviceToken"}
_LOGIN_PARAMETERS = (
    _query("requestor_id", "The service provider.", "REF30"),
    _query("code", "The code of the session."),
)
_LOGOUT_PARAMETERS = (
    replace(_query("redirect_url", "URL of the app after the logout.", "https://adobe.com"), required=False),
)

OPERATIONS = {
    "dcr.register": Operation(
        "Retrieve client credentials with a software statement",
        {201: Answer("The client's credentials.", ClientCredentials)},
        parameters=p.COMMON,
        links=(
            Link(
                "dcr.token",
                "Get an access token.",
                body=(
                    "client_id={$response.body#/client_id}&client_secret={$response.body#/client_secret}"
                    "&grant_type=client_credentials"
                ),
            ),
        ),
    ),
    "dcr.token": Operation(
        "Retrieve an access token with client credentials",
        {201: Answer("The access token, for the header Authorization: Bearer.", TokenAnswer)},
        parameters=p.COMMON,
        links=(
            Link("configuration", "Retrieve the MVPDs, with the token."),
            Link("sessions.create", "Start a login, with the token."),
        ),
    ),
    "configuration": Operation(
        "Retrieve the MVPDs of a service provider",
        {200: Answer("The service provider and its MVPDs.", ConfigurationAnswer)},
        parameters=(
            Parameter("profile", "query", "No effect: Adobe lists it without a meaning."),
            *_OPTIONAL_DEVICE,
            *_API,
        ),
    ),
    "sessions.create": Operation(
        "Create an authentication session",
        {200: _NEXT_STEP},
        parameters=_WITH_SSO,
        links=(
            *_LINKS_OF_CODE,
            Link(
                "decisions.authorize",
                "Request a decision, if no login is needed.",
                {**_SAME_PROVIDER, **_SAME_DEVICE, "path.mvpd": "$response.body#/mvpd"},
            ),
        ),
    ),
    "sessions.resume": Operation(
        "Resume an authentication session: add missing parameters",
        {200: _NEXT_STEP},
        parameters=_API,
        links=_LINKS_OF_CODE,
    ),
    "sessions.retrieve": Operation(
        "Retrieve an authentication session",
        {200: Answer("Parameters, device and lifetime of the session.", SessionStatus)},
        parameters=_API,
        links=(Link("sessions.resume", "Add the missing parameters.", _SAME_CODE),),
    ),
    "authenticate": Operation(
        "Lead a browser to the login page of the MVPD",
        {
            200: replace(_PAGE, sentence="A form that submits itself to the MVPD."),
            302: replace(_REDIRECT, sentence="Redirect to the MVPD, or to Adobe Pass first."),
        },
        parameters=(p.USER_AGENT,),
    ),
    "profiles": Operation("Retrieve the valid profiles of a device", {200: _PROFILES}, parameters=_WITH_PARTNER),
    "profiles.mvpd": Operation(
        "Retrieve the valid profile of a device for one MVPD or TempPass",
        {200: _PROFILES},
        parameters=(*_WITH_PARTNER, p.TEMPPASS_IDENTITY),
        links=(
            Link("decisions.authorize", "Request a decision.", {**_SAME_MVPD, **_SAME_DEVICE}),
            Link("logout", "Log out.", {**_SAME_MVPD, **_SAME_DEVICE}),
        ),
    ),
    "profiles.code": Operation(
        "Retrieve the profile of a login with a code",
        {200: _PROFILES},
        parameters=(*_API, p.TEMPPASS_IDENTITY),
    ),
    "decisions.preauthorize": Operation(
        "Retrieve preauthorization decisions (informative)",
        {200: _DECISIONS},
        parameters=(*_WITH_PARTNER, p.TEMPPASS_IDENTITY),
        links=(Link("decisions.authorize", "Request a binding decision.", {**_SAME_MVPD, **_SAME_DEVICE}),),
    ),
    "decisions.authorize": Operation(
        "Retrieve an authorization decision (binding, with a media token)",
        {200: _DECISIONS},
        parameters=(*_WITH_PARTNER, p.TEMPPASS_IDENTITY),
        links=(Link("logout", "Log out.", {**_SAME_MVPD, **_SAME_DEVICE}),),
    ),
    "logout": Operation(
        "Log a device out of an MVPD",
        {200: Answer("The next step of the logout, by MVPD.", LogoutAnswer)},
        parameters=(_query("redirectUrl", "URL of the app after the logout.", "https://adobe.com"), *_WITH_SSO),
        links=(Link("profiles.mvpd", "Check that the profile is deleted.", {**_SAME_MVPD, **_SAME_DEVICE}),),
    ),
    "sessions.partner": Operation(
        "Create an authentication session through a partner's framework",
        {200: _NEXT_STEP},
        parameters=(*_API, p.FRAMEWORK_STATUS),
        links=_LINKS_OF_CODE,
    ),
    "profiles.partner": Operation(
        "Create a profile with a partner's SAML response",
        {
            200: replace(_PROFILES, sentence="No profile is created: that of a degradation, or those of the device."),
            201: _PROFILES,
        },
        parameters=(*_API, p.FRAMEWORK_STATUS),
    ),
    "temppass.reset": Operation(
        "Reset a TempPass: delete the trials of devices",
        _RESET,
        parameters=(
            _query("requestor_id", "The service provider.", "REF30"),
            _query("mvpd_id", "The TempPass.", "TempPass_TEST40"),
            replace(_query("device_id", "The decoded device identifier; all, or none: of all."), required=False),
        ),
    ),
    "temppass.reset-generic": Operation(
        "Reset a promotional TempPass: delete the trials of identities",
        _RESET,
        parameters=(
            _query("requestor_id", "The service provider.", "REF30"),
            _query("mvpd_id", "The promotional TempPass.", "flexibleTempPass"),
            replace(_query("key", "The hash of the viewer's identity; all, or none: of all."), required=False),
        ),
    ),
    "sso.token": Operation(
        "Obtain a service token for a common identifier or a link code",
        {201: _SERVICE_TOKEN},
        parameters=(p.SSO_ID, p.SSO_LINK, *p.COMMON),
        links=(
            Link("sso.refresh", "Refresh the service token.", _NEW_SERVICE_TOKEN),
            Link("sso.link", "Obtain a link code.", {**_NEW_SERVICE_TOKEN, **_SAME_DEVICE}),
            Link("sso.list", "List the devices.", {**_NEW_SERVICE_TOKEN, **_SAME_DEVICE}),
            Link("sso.unlink", "Remove devices.", {**_NEW_SERVICE_TOKEN, **_SAME_DEVICE}),
        ),
    ),
    "sso.refresh": Operation(
        "Refresh a service token",
        {200: _SERVICE_TOKEN},
        parameters=(p.REQUIRED_SERVICE_TOKEN, *p.COMMON),
    ),
    "sso.link": Operation(
        "Obtain a link code, with which another device joins the SSO profile",
        {201: Answer("The link code.", LinkAnswer)},
        parameters=_WITH_SERVICE_TOKEN,
        links=(
            Link(
                "sso.token",
                "Join the SSO profile on another device.",
                {**_SAME_PROVIDER, "header.X-SSO-LINK": "$response.body#/code"},
            ),
        ),
    ),
    "sso.unlink": Operation(
        "Remove devices from an SSO profile",
        {200: Answer("The devices that were removed.", UnlinkAnswer)},
        parameters=_WITH_SERVICE_TOKEN,
    ),
    "sso.list": Operation(
        "List the devices of an SSO profile",
        {200: Answer("The devices, by device identifier.", SsoDevicesAnswer)},
        parameters=_WITH_SERVICE_TOKEN,
    ),
    "browser.saml": Operation(
        "Page of the mock: redirect to the login page", {302: _REDIRECT}, parameters=_LOGIN_PARAMETERS
    ),
    "browser.login-form": Operation(
        "Page of the mock: the login page of an MVPD", {200: _PAGE, 302: _REDIRECT}, parameters=_LOGIN_PARAMETERS
    ),
    "browser.login": Operation(
        "Page of the mock: log in, or cancel",
        {
            200: _PAGE,
            302: _REDIRECT,
            401: replace(_PAGE, sentence="The login page again: user name or password is wrong."),
        },
        parameters=tuple(replace(parameter, required=False) for parameter in _LOGIN_PARAMETERS),
    ),
    "browser.activate-form": Operation(
        "Page of the mock: the second screen, with a form for the code",
        {200: _PAGE},
        parameters=(replace(_query("code", "Value of the field for the code.", "8ER640M"), required=False),),
    ),
    "browser.activate": Operation(
        "Page of the mock: submit the code on the second screen",
        {
            200: _PAGE,
            303: replace(_REDIRECT, sentence="Redirect to the login."),
            400: replace(_PAGE, sentence="The form with an error."),
        },
    ),
    "browser.activated": Operation(
        "Page of the mock: the second screen after the login",
        {200: _PAGE},
        parameters=(replace(_query("code", "The code.", "8ER640M"), required=False),),
    ),
    "browser.logout": Operation(
        "Page of the mock: redirect to the logout endpoint of an MVPD",
        {302: _REDIRECT},
        parameters=(_query("mso_id", "The MVPD.", "Cablevision"), *_LOGOUT_PARAMETERS),
    ),
    "browser.mvpd-logout": Operation(
        "Page of the mock: the logout endpoint of an MVPD",
        {200: replace(_PAGE, sentence="A page, without a valid redirect_url."), 302: _REDIRECT},
        parameters=_LOGOUT_PARAMETERS,
    ),
}
