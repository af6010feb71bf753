"""The OpenAPI 3.1 document of the control API, generated from its calls (routes.py) and their descriptions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from importlib.metadata import version
from typing import Any

from pass_harness.mock_server.client.models import Refusal
from pass_harness.mock_server.gateway.endpoint import JSON
from pass_harness.mock_server.openapi.control_operations import CONTROL_OPERATIONS, PAGES, ControlOperation
from pass_harness.mock_server.openapi.control_schemas import control_schemas
from pass_harness.mock_server.openapi.document import described_parameter

BASE = "/_mock"
_DESCRIPTION = (
    "Controls a mock of Adobe Pass. A call applies to the space of its path: the server `/~NAME` is the space NAME. "
    "The calls need a control token if the mock was started with one."
)
_TAGS = {
    "mock": "Health, reset and catalogue",
    "behaviours": "Behaviours, and the rate limit",
    "viewers": "Logins, profiles and tokens",
    "clock": "Time of the space",
    "journal": "Exchanges, findings and metrics",
    "keys": "Signing keys and media tokens",
    "spaces": "Spaces",
    "data centres": "Simulated data centres",
    "pages": "Pages, without data",
}
_REFUSALS = {
    400: "The request is invalid.",
    401: "The control token is missing or wrong.",
    403: "The request comes from a web page of another origin, or names a public host without a control token.",
    413: "The body is too long.",
    429: "The mock has the maximum number of spaces.",
    503: "The store of the mock does not answer, or the mock has the maximum number of listeners.",
}
"""Errors of every control call."""
_OF_PAGES = (429, 503)


def control_document(calls: Iterable[tuple[str, str]], server: str = "/") -> dict[str, Any]:
    """Return the document; ``calls`` are method and path of the control calls below ``/_mock``.

    ``server`` is the base URL of the mock, or the prefix of a space.
    """
    return {**_document(tuple(calls)), "servers": [{"url": server}]}


@cache
def _document(calls: tuple[tuple[str, str], ...]) -> dict[str, Any]:
    """Return the document without its server; it takes a tenth of a second to generate."""
    operations = {**{call: described(call) for call in calls}, **PAGES}
    kinds = [kind for operation in operations.values() for kind in (operation.reply.kind, *operation.body)]
    schemas, components = control_schemas([*(kind for kind in kinds if kind is not None), Refusal])
    paths: dict[str, dict[str, Any]] = {}
    for (method, path), operation in operations.items():
        paths.setdefault(f"{BASE}{path}", {})[method.lower()] = _operation(operation, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Control API of the mock of Pass Harness",
            "description": _DESCRIPTION,
            "version": version("pass-harness"),
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "security": [{}, {"controlToken": []}],
        "tags": [{"name": name, "description": sentence} for name, sentence in _TAGS.items()],
        "paths": paths,
        "components": {
            "schemas": components,
            "responses": {str(status): _refusal(sentence) for status, sentence in _REFUSALS.items()},
            "securitySchemes": {
                "controlToken": {"type": "http", "scheme": "bearer", "description": "Token of `--control-token`."}
            },
        },
    }


def described(call: tuple[str, str]) -> ControlOperation:
    """Return the operation of a control call; ValueError if it is missing."""
    operation = CONTROL_OPERATIONS.get(call)
    if operation is None:
        raise ValueError(
            f"the control call {' '.join(call)} has no OpenAPI operation: "
            "add it to CONTROL_OPERATIONS in mock_server/openapi/control_operations.py"
        )
    return operation


def _operation(operation: ControlOperation, schemas: Mapping[Any, dict[str, Any]]) -> dict[str, Any]:
    written: dict[str, Any] = {
        "operationId": operation.name,
        "tags": [operation.tag],
        "summary": operation.summary,
        "parameters": [described_parameter(parameter) for parameter in operation.parameters],
    }
    if not operation.guarded:
        written["security"] = []
    reply = operation.reply
    answer: dict[str, Any] = {"description": reply.sentence}
    if reply.kind is not None:
        answer["content"] = {JSON: {"schema": schemas[reply.kind]}}
    elif reply.text:
        answer["content"] = {media_type: {"schema": {"type": "string"}} for media_type in reply.text}
    if operation.body:
        bodies = [schemas[kind] for kind in operation.body]
        content: dict[str, Any] = {JSON: {"schema": bodies[0] if len(bodies) == 1 else {"anyOf": bodies}}}
        content[JSON]["example"] = dict(operation.example)
        written["requestBody"] = {"required": operation.body_required, "content": content}
    responses = {int(reply.status): answer, **_errors(operation)}
    written["responses"] = {str(status): response for status, response in sorted(responses.items())}
    return written


def _errors(operation: ControlOperation) -> Mapping[int, dict[str, Any]]:
    common = _REFUSALS if operation.guarded else _OF_PAGES
    return {
        **{status: {"$ref": f"#/components/responses/{status}"} for status in common},
        **{status: _refusal(sentence) for status, sentence in operation.refusals.items()},
    }


def _refusal(sentence: str) -> dict[str, Any]:
    content = {JSON: {"schema": {"$ref": f"#/components/schemas/{Refusal.__name__}"}}}
    return {"description": sentence, "content": content}
