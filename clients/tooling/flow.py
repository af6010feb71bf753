"""The calls of the collections in their order, with the values that one call takes from another."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Step:
    """One call: an operation of an OpenAPI document with its values. ``{{name}}`` is a variable of the collection."""

    operation: str
    statuses: tuple[int, ...] = (200,)
    """Statuses that the assertion allows: several where they depend on the options of the mock."""
    name: str = ""
    """Name in the collection, for the second call of an operation; by default the summary of the operation."""
    values: Mapping[str, str] = field(default_factory=dict)
    """Path parameters, query parameters and headers by name; others have the example of the document."""
    form: Mapping[str, str] | None = None
    json: Mapping[str, Any] | None = None
    """JSON body; by default the example of the document."""
    keeps: Mapping[str, str] = field(default_factory=dict)
    """Variables that this call sets: a member of its JSON by dotted path, or "" for the text."""


@dataclass(frozen=True)
class Folder:
    name: str
    steps: tuple[Step, ...]


VARIABLES = {
    "mock": ("http://127.0.0.1:8300", "Address of the mock."),
    "space": ("collection", "Space of the mock that the calls use; the last call deletes it."),
    "controlToken": ("", "Control token of the mock, if it has one."),
}
KEPT = ("statement", "clientId", "clientSecret", "accessToken", "code", "mediaToken", "serviceToken", "behaviour")
NOT_IN_COLLECTIONS = {"events": "the stream has no end, so that a run would not end either"}
"""Operations without a call, each with the reason."""


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


_APP = {"domainName": "adobe.com", "redirectUrl": "{{mock}}/~{{space}}/activate/done"}
_VIEWER = {"mvpd": "Cablevision", **_APP}
_PAGE = {"requestor_id": "REF30", "code": "{{code}}", "mso_id": "Cablevision"}
_GRANTED = _base64(
    json.dumps(
        {
            "frameworkPermissionInfo": {"accessStatus": "granted"},
            "frameworkProviderInfo": {"id": "Cablevision", "expirationDate": "4102444800000"},
        }
    )
)
_PARTNER = {"AP-Partner-Framework-Status": _GRANTED}
_SAML = _base64(
    '<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol"'
    ' xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"><saml:Assertion><saml:Subject>'
    "<saml:NameID>viewer</saml:NameID></saml:Subject></saml:Assertion></samlp:Response>"
)
_SSO = {"AD-Service-Token": "{{serviceToken}}"}
_CENTRES = (200, 404)
_REPLAYS = (200, 404)
"""The first exchange is in the journal unless the space was reset before."""

FOLDERS = (
    Folder(
        "Prepare",
        (
            Step("health"),
            Step("reset", (204,)),
            Step("add_behaviour", (201,), "Switch the rate limit off", json={"effect": {"throttle": False}}),
            Step("catalogue"),
            Step("software_statement", keeps={"statement": ""}),
        ),
    ),
    Folder(
        "Log in and play",
        (
            Step(
                "dcr.register",
                (201,),
                json={"software_statement": "{{statement}}"},
                keeps={"clientId": "client_id", "clientSecret": "client_secret"},
            ),
            Step(
                "dcr.token",
                (201,),
                form={
                    "client_id": "{{clientId}}",
                    "client_secret": "{{clientSecret}}",
                    "grant_type": "client_credentials",
                },
                keeps={"accessToken": "access_token"},
            ),
            Step("configuration"),
            Step("sessions.create", form=_APP, keeps={"code": "code"}),
            Step("sessions.resume", form=_VIEWER),
            Step("sessions.retrieve"),
            Step("list_sessions"),
            Step("authenticate", (302,)),
            Step("login"),
            Step("profiles.code"),
            Step("profiles"),
            Step("profiles.mvpd"),
            Step("decisions.preauthorize", json={"resources": ["REF30", "sport-1"]}),
            Step(
                "decisions.authorize",
                json={"resources": ["REF30"]},
                keeps={"mediaToken": "decisions.0.token.serializedToken"},
            ),
            Step("verify_media_token", json={"token": "{{mediaToken}}", "resource": "REF30"}),
            Step("logout"),
        ),
    ),
    Folder(
        "Log in with a browser",
        (
            Step("sessions.create", name="Create another session", form=_VIEWER, keeps={"code": "code"}),
            Step("browser.activate-form"),
            Step("browser.activate", (303,), form={"code": "{{code}}"}),
            Step("browser.saml", (302,), values=_PAGE),
            Step("browser.login-form", values=_PAGE),
            Step("browser.login", (302,), values=_PAGE, form={"username": "viewer", "password": "viewer"}),
            Step("browser.activated"),
            Step("browser.logout", (302,), values={**_PAGE, "redirect_url": "https://adobe.com/done"}),
            Step("browser.mvpd-logout", (302,), values={**_PAGE, "redirect_url": "https://adobe.com/done"}),
        ),
    ),
    Folder(
        "Single sign-on",
        (
            Step("sso.token", (201,), values={"X-SSO-ID": "viewer-4711"}, keeps={"serviceToken": "serviceToken"}),
            Step("sso.refresh", values=_SSO, keeps={"serviceToken": "serviceToken"}),
            Step("sso.link", (201,), values=_SSO),
            Step("sso.list", values=_SSO),
            Step("list_sso_profiles"),
            Step("sso.unlink", values=_SSO, json={"devices": ["YmEyM2QxNDEtZDcxNS01NjFjLTk0ZjQtZTllNGM5NjZiMWVi"]}),
            Step(
                "sessions.partner",
                values=_PARTNER,
                form={"redirectUrl": "https://adobe.com", "domainName": "adobe.com"},
            ),
            Step("profiles.partner", (201,), values=_PARTNER, form={"SAMLResponse": _SAML}),
        ),
    ),
    Folder(
        "TempPass",
        (
            Step("temppass.reset", (204,), values={"device_id": "all"}),
            Step("temppass.reset-generic", (204,), values={"key": "all"}),
        ),
    ),
    Folder(
        "Control the mock",
        (
            Step("add_behaviour", (201,), keeps={"behaviour": "id"}),
            Step("switch_behaviour", values={"id": "{{behaviour}}"}),
            Step("list_behaviours"),
            Step("remove_behaviour", (204,), values={"id": "{{behaviour}}"}),
            Step("list_presets"),
            Step("list_buckets"),
            Step("exchanges"),
            Step("exchanges_har"),
            Step("replay_exchange", _REPLAYS),
            Step("findings"),
            Step("metrics"),
            Step("list_stalls"),
            Step("clear_exchanges", (204,)),
            Step("show_clock"),
            Step("advance_clock"),
            Step("set_integration"),
            Step("set_application"),
            Step("end_profiles"),
            Step("revoke_access_tokens"),
            Step("public_keys"),
            Step("rotate_key"),
            Step("show_data_centres", _CENTRES),
            Step("fail_over", _CENTRES),
            Step("list_spaces"),
            Step("dashboard"),
            Step("api_page", (200, 404)),
            Step("openapi"),
            Step("delete_space", (204,), values={"name": "{{space}}"}),
        ),
    ),
)
