"""Descriptions of all control calls, by method and path below ``/_mock`` (routes.py lists the calls)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import msgspec

from pass_harness.mock_server.behaviours.model import Behaviour
from pass_harness.mock_server.behaviours.presets import PresetCall
from pass_harness.mock_server.client import models
from pass_harness.mock_server.control import handlers, keys
from pass_harness.mock_server.journal.journal import FILTERS
from pass_harness.mock_server.openapi.operation import HTML, TEXT, Parameter


@dataclass(frozen=True)
class Reply:
    """A successful response: the type of its JSON, or the media types of its text, or neither for an empty body."""

    sentence: str
    kind: Any = None
    text: tuple[str, ...] = ()
    status: int = HTTPStatus.OK


@dataclass(frozen=True)
class ControlOperation:
    """One control call. control_document.py adds the errors that every call has."""

    name: str
    """Name of the operation, and of the method in generated clients."""
    tag: str
    summary: str
    reply: Reply
    body: tuple[type[msgspec.Struct], ...] = ()
    """Types of the JSON body: one of them."""
    example: Mapping[str, Any] = field(default_factory=dict)
    """A valid body."""
    body_required: bool = True
    parameters: tuple[Parameter, ...] = ()
    refusals: Mapping[int, str] = field(default_factory=dict)
    """Errors with a status of their own, each with its reason."""
    guarded: bool = True
    """False for pages, which contain no data: they need no token."""


DONE = Reply("Done.", status=HTTPStatus.NO_CONTENT)
_WITHOUT_CENTRES = {404: "The mock has one data centre: it was started without `--data-centres`."}


def _path(name: str, sentence: str, example: str) -> Parameter:
    return Parameter(
        name, "path", sentence, required=True, schema={"type": "string", "minLength": 1}, example=example
    )


def _number(name: str, sentence: str, largest: int) -> Parameter:
    return Parameter(name, "query", sentence, schema={"type": "integer", "minimum": 0, "maximum": largest})


_PAGES = (
    _number("limit", "Maximum number of entries; 100 unless set.", 1_000),
    _number("after", "Number of entries before the page: `next` of the previous page.", 10**9),
)
_SELECTION = (
    *(Parameter(name, "query", f"Only exchanges with this `{name}`.") for name in FILTERS),
    _number("status", "Only exchanges with this HTTP status; 0 for a broken connection.", 999),
    _number("after", "Only exchanges after the one with this id.", 2**63),
)
_BEHAVIOUR = _path("id", "The id of a behaviour.", "b1")
_APPLICATION = Parameter(
    "application", "query", "The name of an application; `default` unless set.", example="default"
)

CONTROL_OPERATIONS: Mapping[tuple[str, str], ControlOperation] = {
    ("GET", "/health"): ControlOperation(
        "health", "mock", "Retrieve the health of the mock", Reply("The mock answers requests.", models.Health)
    ),
    ("POST", "/reset"): ControlOperation(
        "reset", "mock", "Reset the space: state, behaviours, clock, journal and findings", DONE
    ),
    ("GET", "/catalogue"): ControlOperation(
        "catalogue", "mock", "Retrieve the catalogue", Reply("The catalogue.", models.CatalogueContents)
    ),
    ("PUT", "/integrations/{sp}/{mvpd}"): ControlOperation(
        "set_integration",
        "mock",
        "Enable or disable an integration, or its home-based authentication",
        Reply("The integration.", models.ListedIntegration),
        body=(handlers.IntegrationCall,),
        example={"enabled": True},
        parameters=(
            _path("sp", "The id of a service provider.", "REF30"),
            _path("mvpd", "The id of an MVPD.", "Cablevision"),
        ),
        refusals={404: "The catalogue has no such integration."},
    ),
    ("PUT", "/applications/{name}"): ControlOperation(
        "set_application",
        "mock",
        "Approve an application, or revoke it with its software statement",
        Reply("The approval, and the number of clients that the call ended.", models.ApplicationApproval),
        body=(handlers.ApprovalCall,),
        example={"approved": True},
        parameters=(_path("name", "The name of an application.", "default"),),
        refusals={404: "There is no such application."},
    ),
    ("GET", "/software-statement"): ControlOperation(
        "software_statement",
        "mock",
        "Retrieve a software statement",
        Reply("The software statement of the application.", text=(TEXT,)),
        parameters=(_APPLICATION,),
        refusals={404: "There is no such application."},
    ),
    ("GET", "/exchanges"): ControlOperation(
        "exchanges",
        "journal",
        "Retrieve a page of the journal, oldest exchange first",
        Reply("The page; an empty one is the end.", models.ExchangePage),
        parameters=(*_SELECTION, _number("limit", "Maximum number of exchanges; 1000 unless set.", 10_000)),
    ),
    ("GET", "/exchanges.har"): ControlOperation(
        "exchanges_har",
        "journal",
        "Retrieve the journal as HAR 1.2",
        Reply("The archive.", models.HarArchive),
        parameters=(*_SELECTION, _number("limit", "Maximum number of exchanges; all unless set.", 2**63)),
    ),
    ("DELETE", "/exchanges"): ControlOperation("clear_exchanges", "journal", "Delete all exchanges", DONE),
    ("POST", "/exchanges/{id}/replay"): ControlOperation(
        "replay_exchange",
        "journal",
        "Send the request of an exchange to the mock again",
        Reply("The new exchange.", models.ReplayedExchange),
        parameters=(_path("id", "The id of an exchange.", "1"),),
        refusals={
            404: "The journal has no such exchange.",
            409: "The journal has only a part of the body of the request.",
        },
    ),
    ("GET", "/events"): ControlOperation(
        "events",
        "journal",
        "Stream exchanges and findings as server-sent events, without an end",
        Reply("The stream.", text=("text/event-stream",)),
        parameters=(
            Parameter("after", "query", "Resume after this event or exchange."),
            Parameter(
                "view",
                "query",
                "`summary` omits headers and bodies.",
                schema={"type": "string", "enum": ["full", "summary"]},
            ),
            Parameter("Last-Event-ID", "header", "Resume after this event."),
        ),
    ),
    ("GET", "/findings"): ControlOperation(
        "findings", "journal", "Retrieve the findings of the live rules", Reply("The results.", models.Findings)
    ),
    ("GET", "/metrics"): ControlOperation(
        "metrics",
        "journal",
        "Retrieve the metrics of the mock for Prometheus",
        Reply("The metrics, in a format of the Accept header.", text=(TEXT, "application/openmetrics-text")),
    ),
    ("GET", "/stalls"): ControlOperation(
        "list_stalls", "journal", "Retrieve the latest stalls of the mock", Reply("The stalls.", models.StallList)
    ),
    ("GET", "/clock"): ControlOperation(
        "show_clock", "clock", "Retrieve the time of the space", Reply("The time.", models.ClockState)
    ),
    ("POST", "/clock"): ControlOperation(
        "advance_clock",
        "clock",
        "Advance the clock of the space",
        Reply("The new time.", models.ClockState),
        body=(handlers.ClockCall,),
        example={"advance": "30m"},
    ),
    ("GET", "/sessions"): ControlOperation(
        "list_sessions",
        "viewers",
        "Retrieve a page of authentication sessions, the latest changed first",
        Reply("The page.", models.SessionPage),
        parameters=_PAGES,
    ),
    ("POST", "/sessions/{code}/login"): ControlOperation(
        "login",
        "viewers",
        "Complete a login without a browser",
        Reply("The login.", models.CompletedLogin),
        body=(handlers.LoginCall,),
        example={"username": "viewer"},
        body_required=False,
        parameters=(_path("code", "The code of an authentication session.", "8ER640M"),),
        refusals={
            404: "There is no session with the code, or no such subscriber.",
            409: "The session expired, was replaced or lacks parameters, or its integration is disabled.",
        },
    ),
    ("GET", "/sso-profiles"): ControlOperation(
        "list_sso_profiles",
        "viewers",
        "Retrieve a page of SSO profiles of the SSO Service, the latest changed first",
        Reply("The page.", models.SsoProfilePage),
        parameters=_PAGES,
    ),
    ("POST", "/access-tokens/revoke"): ControlOperation(
        "revoke_access_tokens",
        "viewers",
        "Revoke the access tokens of a client, or all access tokens",
        Reply("The number of access tokens.", models.RevokedTokens),
        body=(handlers.RevokeCall,),
        example={},
        body_required=False,
    ),
    ("POST", "/profiles/end"): ControlOperation(
        "end_profiles",
        "viewers",
        "End profiles as an MVPD does",
        Reply("The number of profiles.", models.EndedProfiles),
        body=(handlers.EndProfilesCall,),
        example={"mvpd": "Cablevision"},
        body_required=False,
    ),
    ("GET", "/behaviours"): ControlOperation(
        "list_behaviours",
        "behaviours",
        "Retrieve the behaviours with their hits",
        Reply("The behaviours.", models.BehaviourList),
    ),
    ("POST", "/behaviours"): ControlOperation(
        "add_behaviour",
        "behaviours",
        "Add a behaviour, or the behaviours of a preset",
        Reply("The behaviours are active.", models.AddedBehaviours, status=HTTPStatus.CREATED),
        body=(Behaviour, PresetCall),
        example={"match": {"endpoint": "decisions.authorize"}, "effect": {"status": 503}, "times": 1},
    ),
    ("PUT", "/behaviours/{id}"): ControlOperation(
        "switch_behaviour",
        "behaviours",
        "Enable or disable a behaviour",
        Reply("The behaviour.", models.SwitchedBehaviour),
        body=(handlers.SwitchCall,),
        example={"enabled": False},
        parameters=(_BEHAVIOUR,),
        refusals={404: "There is no such behaviour."},
    ),
    ("DELETE", "/behaviours/{id}"): ControlOperation(
        "remove_behaviour",
        "behaviours",
        "Remove a behaviour",
        DONE,
        parameters=(_BEHAVIOUR,),
        refusals={404: "There is no such behaviour."},
    ),
    ("GET", "/presets"): ControlOperation(
        "list_presets", "behaviours", "Retrieve the presets", Reply("A sentence on each preset.", dict[str, str])
    ),
    ("GET", "/buckets"): ControlOperation(
        "list_buckets",
        "behaviours",
        "Retrieve the rate limit buckets of a page of addresses",
        Reply("The buckets that are not full, the emptiest first.", models.BucketPage),
        parameters=_PAGES,
    ),
    ("GET", "/data-centres"): ControlOperation(
        "show_data_centres",
        "data centres",
        "Retrieve the simulated data centres",
        Reply("The data centres.", models.DataCentresState),
        refusals=_WITHOUT_CENTRES,
    ),
    ("POST", "/data-centres/fail-over"): ControlOperation(
        "fail_over",
        "data centres",
        "Activate the next data centre",
        Reply("The data centres.", models.DataCentresState),
        refusals=_WITHOUT_CENTRES,
    ),
    ("GET", "/keys"): ControlOperation(
        "public_keys", "keys", "Retrieve the public keys as a JWKS", Reply("The keys.", models.PublicKeys)
    ),
    ("POST", "/keys/rotate"): ControlOperation(
        "rotate_key",
        "keys",
        "Rotate a signing key of the space",
        Reply("The new key.", models.RotatedKey),
        body=(keys.RotateCall,),
        example={"key": "media_token"},
        refusals={409: "The key was rotated too often: reset the space."},
    ),
    ("POST", "/media-tokens/verify"): ControlOperation(
        "verify_media_token",
        "keys",
        "Verify a media token",
        Reply("The verdict of Adobe's Media Token Verifier.", models.MediaTokenVerdict),
        body=(keys.VerifyCall,),
        example={"token": "token", "resource": "REF30"},
    ),
    ("GET", "/spaces"): ControlOperation(
        "list_spaces", "spaces", "Retrieve the names of the spaces", Reply("The names.", models.SpaceList)
    ),
    ("DELETE", "/spaces/{name}"): ControlOperation(
        "delete_space",
        "spaces",
        "Delete a space",
        DONE,
        parameters=(_path("name", "The name of a space.", "build-42"),),
        refusals={404: "There is no such space."},
    ),
}

PAGES: Mapping[tuple[str, str], ControlOperation] = {
    ("GET", "/"): ControlOperation(
        "dashboard", "pages", "The dashboard", Reply("A page.", text=(HTML,)), guarded=False
    ),
    ("GET", "/docs"): ControlOperation(
        "api_page",
        "pages",
        "The page that shows the OpenAPI documents and sends requests",
        Reply("A page.", text=(HTML,)),
        refusals={404: "The extra `swagger` is not installed."},
        guarded=False,
    ),
    ("GET", "/openapi.json"): ControlOperation(
        "openapi", "pages", "This document", Reply("The document.", kind=dict[str, Any]), guarded=False
    ),
}
"""Pages below ``/_mock``, which contain no data."""
