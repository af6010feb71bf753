"""The OpenAPI 3.1 document, generated from the endpoints (routes.py), their descriptions and the wire models."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import version
from typing import Any

import msgspec

from pass_harness.mock_server.adobe.models import DcrErrorAnswer, ErrorInformation, SsoErrorAnswer
from pass_harness.mock_server.gateway.endpoint import JSON, Body, Endpoint, ErrorForm
from pass_harness.mock_server.openapi import parameters as p
from pass_harness.mock_server.openapi.operation import HTML, TEXT, Answer, Link, Operation, Parameter
from pass_harness.mock_server.openapi.operations import OPERATIONS
from pass_harness.mock_server.openapi.schemas import reference, schemas

_TITLE = "Adobe Pass Authentication, simulated by the mock of Pass Harness"
_TAGS = {
    "dcr": "Dynamic client registration",
    "sessions": "Authentication sessions",
    "profiles": "Profiles of logged-in viewers",
    "decisions": "Preauthorization and authorization decisions",
    "logout": "Logout",
    "configuration": "MVPDs of a service provider",
    "temppass": "Temporary access (TempPass)",
    "sso": "SSO Service: service tokens, link codes and devices",
    "browser": "Pages for the viewer's browser",
}
_TOO_LARGE = Answer("The body exceeds the size limit of the mock.", media_type=TEXT)
_WRONG_METHOD = Answer("The method is not allowed.", headers={"Allow": "Allowed methods."})
_NOT_ADMITTED = Answer("The caller is not in the allow-list of the mock.", media_type=TEXT)
_THROTTLED = Answer("Rate limit exceeded: the HTML page of Adobe's gateway.", media_type=HTML)


def document(endpoints: Iterable[Endpoint], server: str = "/") -> dict[str, Any]:
    """Return the document; ``server`` is the base URL of the mock, or the prefix of a space."""
    paths: dict[str, dict[str, Any]] = {}
    described = [(endpoint, _described(endpoint)) for endpoint in endpoints]
    for endpoint, operation in described:
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = _operation(endpoint, operation)
    return {
        "openapi": "3.1.0",
        "info": {"title": _TITLE, "version": version("pass-harness")},
        "servers": [{"url": server}],
        "tags": [{"name": name, "description": sentence} for name, sentence in _TAGS.items()],
        "paths": paths,
        "components": {
            "schemas": schemas(_models(described)),
            "securitySchemes": {
                "accessToken": {"type": "http", "scheme": "bearer", "description": "Access token of /o/client/token."}
            },
        },
    }


def _described(endpoint: Endpoint) -> Operation:
    """Return the operation of an endpoint; ValueError if it is missing."""
    operation = OPERATIONS.get(endpoint.id)
    if operation is None:
        raise ValueError(
            f"endpoint {endpoint.id} ({endpoint.method} {endpoint.path}) has no OpenAPI operation: "
            f'add "{endpoint.id}": Operation(…) to OPERATIONS in mock_server/openapi/operations.py'
        )
    return operation


def _models(described: Sequence[tuple[Endpoint, Operation]]) -> list[type[msgspec.Struct]]:
    answers = (answer.model for _, operation in described for answer in operation.answers.values())
    bodies = (endpoint.body.model for endpoint, _ in described if endpoint.body)
    errors = (ErrorInformation, DcrErrorAnswer, SsoErrorAnswer)
    return list(dict.fromkeys(model for model in (*answers, *bodies, *errors) if model))


def _operation(endpoint: Endpoint, operation: Operation) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": endpoint.id,
        "tags": [_tag(endpoint)],
        "summary": operation.summary,
        "security": [{"accessToken": []}] if endpoint.needs_token else [],
        "parameters": [*_path_parameters(endpoint), *map(described_parameter, _parameters(endpoint, operation))],
        "responses": {
            str(status): _answer(answer, operation.links if status < 300 else ())
            for status, answer in sorted({**_errors(endpoint), **operation.answers}.items())
        },
    }
    if endpoint.also:
        described["description"] = f"Alternative path: {', '.join(endpoint.also)}."
    if endpoint.body:
        described["requestBody"] = _body(endpoint.body)
    return described


def _tag(endpoint: Endpoint) -> str:
    tag = "browser" if endpoint.is_page else endpoint.id.split(".", maxsplit=1)[0]
    if tag not in _TAGS:
        raise ValueError(
            f"endpoint {endpoint.id} begins with {tag}, which is not a tag of the OpenAPI document: "
            f"add it to _TAGS in mock_server/openapi/document.py"
        )
    return tag


def _parameters(endpoint: Endpoint, operation: Operation) -> Iterable[Parameter]:
    if endpoint.needs_device:
        yield p.DEVICE_IDENTIFIER
    if endpoint.needs_device_info:
        yield p.DEVICE_INFO
    yield from operation.parameters


def _path_parameters(endpoint: Endpoint) -> Iterable[dict[str, Any]]:
    for name in endpoint.path_parameters:
        if name not in p.PATH:
            raise ValueError(
                f"endpoint {endpoint.id} has the path parameter {name}, which has no description: "
                f"add it to PATH in mock_server/openapi/parameters.py"
            )
        sentence, example = p.PATH[name]
        schema = {"type": "string", "minLength": 1}
        yield {
            "name": name,
            "in": "path",
            "required": True,
            "description": sentence,
            "schema": schema,
            "example": example,
        }


def described_parameter(parameter: Parameter) -> dict[str, Any]:
    """Return a parameter as an object of the document."""
    described = {
        "name": parameter.name,
        "in": parameter.where,
        "required": parameter.required,
        "description": parameter.sentence,
        "schema": dict(parameter.schema),
    }
    return described if parameter.example is None else {**described, "example": parameter.example}


def _body(body: Body) -> dict[str, Any]:
    return {"required": body.required, "content": {body.media_type: {"schema": reference(body.model)}}}


def _answer(answer: Answer, links: Iterable[Link]) -> dict[str, Any]:
    described: dict[str, Any] = {"description": answer.sentence}
    if answer.model is not None:
        described["content"] = {JSON: {"schema": reference(answer.model)}}
    elif answer.media_type is not None:
        described["content"] = {answer.media_type: {"schema": {"type": "string"}}}
    if answer.headers:
        described["headers"] = {
            name: {"description": sentence, "schema": {"type": "string"}} for name, sentence in answer.headers.items()
        }
    if answer.model is not None and (found := {_link_name(link): _link(link) for link in links}):
        described["links"] = found
    return described


def _link_name(link: Link) -> str:
    return link.to.replace(".", "-")


def _link(link: Link) -> dict[str, Any]:
    described: dict[str, Any] = {"operationId": link.to, "description": link.sentence}
    if link.parameters:
        described["parameters"] = dict(link.parameters)
    if link.body:
        described["requestBody"] = link.body
    return described


def _errors(endpoint: Endpoint) -> Mapping[int, Answer]:
    """Return the errors that follow from the row of an endpoint: access control, rate limit, body and error form."""
    enhanced = Answer("An enhanced error.", ErrorInformation)
    page = Answer("An error page.", media_type=HTML)
    errors = {405: _WRONG_METHOD}
    if endpoint.body:
        errors[413] = _TOO_LARGE
    if endpoint.family.throttled:
        errors[429] = _THROTTLED
    if endpoint.needs_token:
        errors |= {401: enhanced, 403: enhanced}
    match endpoint.error_form:
        case ErrorForm.ENHANCED:
            return {**errors, 400: enhanced, 500: enhanced}
        case ErrorForm.DCR:
            return {**errors, 400: Answer("An error of dynamic client registration.", DcrErrorAnswer), 500: enhanced}
        case ErrorForm.SSO:
            error = Answer("An error of the SSO Service.", SsoErrorAnswer)
            return {**errors, 400: error, 401: error, 403: _NOT_ADMITTED, 500: error}
        case ErrorForm.PAGE:
            return {**errors, 400: page, 500: page}
