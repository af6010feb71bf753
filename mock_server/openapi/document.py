"""The OpenAPI 3.1 document, made from the endpoints (routes.py), their descriptions and the wire models."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from typing import Any

import msgspec

from pass_harness.mock_server.adobe.models import DcrErrorAnswer, ErrorInformation
from pass_harness.mock_server.gateway.call import THROTTLED_PATHS, Endpoint
from pass_harness.mock_server.openapi import parameters as p
from pass_harness.mock_server.openapi.operation import HTML, JSON, TEXT, Answer, Body, Link, Operation, Parameter
from pass_harness.mock_server.openapi.operations import OPERATIONS
from pass_harness.mock_server.openapi.schemas import reference, schemas

_TITLE = "Adobe Pass Authentication, as the mock of Pass Harness serves it"
_TAGS = {
    "dcr": "Dynamic client registration",
    "sessions": "Logins",
    "profiles": "Who is logged in",
    "decisions": "What may be seen",
    "logout": "Logouts",
    "configuration": "MVPDs to choose from",
    "temppass": "Temporary access",
    "browser": "What a viewer's browser meets",
}
_TOO_LARGE = Answer("The body is longer than the mock takes.", media_type=TEXT)
_WRONG_METHOD = Answer("Another method.", headers={"Allow": "The methods that there are."})
_THROTTLED = Answer("Too many requests: the page of Adobe's gateway.", media_type=HTML)


def document(endpoints: Iterable[Endpoint], server: str = "/") -> dict[str, Any]:
    """The document; ``server`` is the URL, or the prefix of the space, that the paths follow."""
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in endpoints:
        operation = OPERATIONS[endpoint.id]
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = _operation(endpoint, operation)
    return {
        "openapi": "3.1.0",
        "info": {"title": _TITLE, "version": version("pass-harness")},
        "servers": [{"url": server}],
        "tags": [{"name": name, "description": sentence} for name, sentence in _TAGS.items()],
        "paths": paths,
        "components": {
            "schemas": schemas(_models()),
            "securitySchemes": {
                "accessToken": {"type": "http", "scheme": "bearer", "description": "The token of /o/client/token."}
            },
        },
    }


def _models() -> list[type[msgspec.Struct]]:
    answers = (answer.model for operation in OPERATIONS.values() for answer in operation.answers.values())
    bodies = (operation.body.model for operation in OPERATIONS.values() if operation.body)
    return list(dict.fromkeys(model for model in (*answers, *bodies, ErrorInformation, DcrErrorAnswer) if model))


def _operation(endpoint: Endpoint, operation: Operation) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": endpoint.id,
        "tags": [_tag(endpoint)],
        "summary": operation.summary,
        "security": [{"accessToken": []}] if endpoint.needs_token else [],
        "parameters": [*_path_parameters(endpoint.path), *map(_parameter, _parameters(endpoint, operation))],
        "responses": {
            str(status): _answer(answer, operation.links if status < 300 else ())
            for status, answer in sorted({**_errors(endpoint, operation), **operation.answers}.items())
        },
    }
    if endpoint.also:
        described["description"] = f"Served at {', '.join(endpoint.also)} too."
    if operation.body:
        described["requestBody"] = _body(operation.body)
    return described


def _tag(endpoint: Endpoint) -> str:
    family = endpoint.id.split(".", maxsplit=1)[0]
    return "browser" if family == "authenticate" else family


def _parameters(endpoint: Endpoint, operation: Operation) -> Iterable[Parameter]:
    if endpoint.needs_device:
        yield from (p.DEVICE_IDENTIFIER, p.DEVICE_INFO)
    yield from operation.parameters


def _path_parameters(path: str) -> Iterable[dict[str, Any]]:
    for name in re.findall(r"{(\w+)}", path):
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


def _parameter(parameter: Parameter) -> dict[str, Any]:
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
        described["requestBody"] = dict(link.body)
    return described


def _errors(endpoint: Endpoint, operation: Operation) -> Mapping[int, Answer]:
    """The errors that follow from an endpoint's row: who may call it, and how often."""
    enhanced = Answer("An enhanced error.", ErrorInformation)
    page = Answer("A page that says what is wrong.", media_type=HTML)
    errors = {405: _WRONG_METHOD}
    if operation.body:
        errors[413] = _TOO_LARGE
    if endpoint.path.startswith(THROTTLED_PATHS):
        errors[429] = _THROTTLED
    if endpoint.needs_token:
        return {**errors, 400: enhanced, 401: enhanced, 403: enhanced, 500: enhanced}
    if endpoint.id.startswith("dcr."):
        return {**errors, 400: Answer("What is wrong with the request.", DcrErrorAnswer), 500: enhanced}
    return {**errors, 400: page, 500: page}
