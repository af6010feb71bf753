"""Every endpoint as the document describes it, by id. Sources: the API pages of REST API V2 and DCR."""

from __future__ import annotations

from dataclasses import replace

from pass_harness.mock_server.adobe.models import (
    ClientCredentials,
    ConfigurationAnswer,
    DecisionsAnswer,
    LogoutAnswer,
    ProfilesAnswer,
    SessionAnswer,
    SessionStatus,
    TokenAnswer,
)
from pass_harness.mock_server.openapi import parameters as p
from pass_harness.mock_server.openapi.operation import HTML, Answer, Link, Operation, Parameter

_PROFILES = Answer("Valid profiles by MVPD; empty while nobody has logged in.", ProfilesAnswer)
_NEXT_STEP = Answer("The next step of the login.", SessionAnswer)
_DECISIONS = Answer("One decision per resource.", DecisionsAnswer)
_PAGE = Answer("A page.", media_type=HTML)
_ON = Answer("On to the next page.", headers={"Location": "Where to."})

_SAME_PROVIDER = {"path.serviceProvider": "$request.path.serviceProvider"}
_THE_CODE = {**_SAME_PROVIDER, "path.code": "$response.body#/code"}
_SAME_CODE = {**_SAME_PROVIDER, "path.code": "$request.path.code"}
_SAME_MVPD = {**_SAME_PROVIDER, "path.mvpd": "$request.path.mvpd"}
_SAME_DEVICE = {"header.AP-Device-Identifier": "$request.header.AP-Device-Identifier"}
_OF_CODE = (
    Link("profiles.code", "Ask whether somebody has logged in with the code.", _THE_CODE),
    Link("sessions.retrieve", "Look at the session.", _THE_CODE),
    Link("sessions.resume", "Give what is missing.", _THE_CODE),
    Link("authenticate", "Open the login page in a browser.", _THE_CODE),
)


def _query(name: str, sentence: str, example: str | None = None) -> Parameter:
    return Parameter(
        name, "query", sentence, required=True, schema={"type": "string", "minLength": 1}, example=example
    )


_OPTIONAL_DEVICE = (replace(p.DEVICE_IDENTIFIER, required=False), replace(p.DEVICE_INFO, required=False))
_API = (*p.COMMON, p.VISITOR)
_WITH_SSO = (*_API, *p.SINGLE_SIGN_ON)
_WITH_PARTNER = (*_WITH_SSO, p.FRAMEWORK_STATUS)
_OF_LOGIN = (_query("requestor_id", "The service provider.", "REF30"), _query("code", "The code of the session."))

OPERATIONS = {
    "dcr.register": Operation(
        "Client credentials for a software statement",
        {201: Answer("The client's credentials.", ClientCredentials)},
        parameters=p.COMMON,
        links=(
            Link(
                "dcr.token",
                "Get an access token.",
                body={
                    "client_id": "$response.body#/client_id",
                    "client_secret": "$response.body#/client_secret",
                    "grant_type": "client_credentials",
                },
            ),
        ),
    ),
    "dcr.token": Operation(
        "An access token for client credentials",
        {201: Answer("The access token, to be sent as Authorization: Bearer.", TokenAnswer)},
        parameters=p.COMMON,
        links=(
            Link("configuration", "Which MVPDs are there? (Authorization: the token.)"),
            Link("sessions.create", "Start a login. (Authorization: the token.)"),
        ),
    ),
    "configuration": Operation(
        "The active integrations of a service provider",
        {200: Answer("The service provider and its MVPDs.", ConfigurationAnswer)},
        parameters=(
            Parameter("profile", "query", "Adobe lists it without a meaning; it changes nothing."),
            *_OPTIONAL_DEVICE,
            *p.COMMON,
        ),
    ),
    "sessions.create": Operation(
        "Start an authentication session",
        {200: _NEXT_STEP},
        parameters=_WITH_SSO,
        links=(
            *_OF_CODE,
            Link(
                "decisions.authorize",
                "Where no login is needed: ask for a decision.",
                {**_SAME_PROVIDER, **_SAME_DEVICE, "path.mvpd": "$response.body#/mvpd"},
            ),
        ),
    ),
    "sessions.resume": Operation(
        "Give an authentication session what it misses",
        {200: _NEXT_STEP},
        parameters=_API,
        links=_OF_CODE,
    ),
    "sessions.retrieve": Operation(
        "What an authentication session knows",
        {200: Answer("Its parameters, device and times.", SessionStatus)},
        parameters=_API,
        links=(Link("sessions.resume", "Give what is missing.", _SAME_CODE),),
    ),
    "authenticate": Operation(
        "The way of a browser to the login page of the MVPD",
        {302: _ON},
        parameters=(p.USER_AGENT,),
    ),
    "profiles": Operation("The valid profiles of a device", {200: _PROFILES}, parameters=_WITH_PARTNER),
    "profiles.mvpd": Operation(
        "The valid profile of a device with one MVPD, or its TempPass",
        {200: _PROFILES},
        parameters=(*_WITH_PARTNER, p.TEMPPASS_IDENTITY),
        links=(
            Link("decisions.authorize", "Ask for a decision.", {**_SAME_MVPD, **_SAME_DEVICE}),
            Link("logout", "Log out.", {**_SAME_MVPD, **_SAME_DEVICE}),
        ),
    ),
    "profiles.code": Operation(
        "The profile of a login with a code",
        {200: _PROFILES},
        parameters=_API,
    ),
    "decisions.preauthorize": Operation(
        "Which resources the viewer could see (informative)",
        {200: _DECISIONS},
        parameters=(*_WITH_PARTNER, p.TEMPPASS_IDENTITY),
        links=(Link("decisions.authorize", "Ask for a binding decision.", {**_SAME_MVPD, **_SAME_DEVICE}),),
    ),
    "decisions.authorize": Operation(
        "Whether the viewer may see a resource now (binding, with a media token)",
        {200: _DECISIONS},
        parameters=(*_WITH_PARTNER, p.TEMPPASS_IDENTITY),
        links=(Link("logout", "Log out.", {**_SAME_MVPD, **_SAME_DEVICE}),),
    ),
    "logout": Operation(
        "End the profile of a device with an MVPD",
        {200: Answer("What is left to do, by MVPD.", LogoutAnswer)},
        parameters=(_query("redirectUrl", "Where the browser ends up.", "https://adobe.com"), *_WITH_SSO),
        links=(Link("profiles.mvpd", "See that the profile is gone.", {**_SAME_MVPD, **_SAME_DEVICE}),),
    ),
    "sessions.partner": Operation(
        "Start a login through a partner's framework",
        {200: _NEXT_STEP},
        parameters=(*_API, p.FRAMEWORK_STATUS),
        links=_OF_CODE,
    ),
    "profiles.partner": Operation(
        "A profile for a partner's SAML response",
        {200: replace(_PROFILES, sentence="A degraded profile."), 201: _PROFILES},
        parameters=(*_API, p.FRAMEWORK_STATUS),
    ),
    "temppass.reset": Operation(
        "Forget the trials of a TempPass",
        {204: Answer("They are forgotten.")},
        parameters=(
            _query("requestor_id", "The service provider.", "REF30"),
            _query("mvpd_id", "The TempPass.", "TempPass_TEST40"),
            _query("device_id", "The value of AP-Device-Identifier, or all."),
        ),
    ),
    "browser.saml": Operation(
        "The mock's own: on the way to the login page", {200: _PAGE, 302: _ON}, parameters=_OF_LOGIN
    ),
    "browser.login-form": Operation(
        "The mock's own: the login page of an MVPD", {200: _PAGE, 302: _ON}, parameters=_OF_LOGIN
    ),
    "browser.login": Operation(
        "The mock's own: log in, or cancel",
        {200: _PAGE, 302: _ON, 401: replace(_PAGE, sentence="The login page again: user name or password is wrong.")},
        parameters=tuple(replace(parameter, required=False) for parameter in _OF_LOGIN),
    ),
    "browser.activate-form": Operation(
        "The mock's own: the second screen, where a viewer types the code",
        {200: _PAGE},
        parameters=(replace(_query("code", "The code, to spare the typing.", "8ER640M"), required=False),),
    ),
    "browser.activate": Operation(
        "The mock's own: a code was typed on the second screen",
        {200: _PAGE, 303: replace(_ON, sentence="On to the login."), 400: replace(_PAGE, sentence="The page again.")},
    ),
    "browser.activated": Operation(
        "The mock's own: where a login on the second screen leads back to",
        {200: _PAGE},
        parameters=(replace(_query("code", "The code.", "8ER640M"), required=False),),
    ),
    "browser.logout": Operation(
        "The mock's own: the logout page of an MVPD",
        {200: _PAGE},
        parameters=(
            _query("mso_id", "The MVPD.", "Cablevision"),
            replace(_query("redirect_url", "Where the page leads to.", "https://adobe.com"), required=False),
        ),
    ),
}
