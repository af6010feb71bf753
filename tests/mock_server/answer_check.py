"""Checks of each JSON answer of Adobe's endpoints and of control calls against their OpenAPI documents."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import httpx
import jsonschema_rs
from starlette.routing import compile_path

from pass_harness.mock_server.openapi.control_document import control_document
from pass_harness.mock_server.openapi.document import document
from pass_harness.mock_server.routes import CONTROL_CALLS, ENDPOINTS
from pass_harness.mock_server.space_paths import PREFIX

DOCUMENT = document(ENDPOINTS)
CONTROL_DOCUMENT = control_document([(method, path) for method, path, _ in CONTROL_CALLS])
_CONTROL_SCHEMAS = CONTROL_DOCUMENT["components"]["schemas"]
_Operation = tuple[dict[str, Any], dict[str, Any]]
"""An operation, and the component schemas of its document."""


def _of(found: dict[str, Any], method: str, path: str) -> _Operation:
    return found["paths"][path][method.lower()], found["components"]["schemas"]


_OPERATIONS = [
    *(
        (endpoint.method, compile_path(path)[0], _of(DOCUMENT, endpoint.method, endpoint.path))
        for endpoint in ENDPOINTS
        for path in (endpoint.path, *endpoint.also)
    ),
    *(
        (method, compile_path(f"/_mock{path}")[0], _of(CONTROL_DOCUMENT, method, f"/_mock{path}"))
        for method, path, _ in CONTROL_CALLS
    ),
]


async def check_answer(response: httpx.Response) -> None:
    """Raise AssertionError if an answer contradicts the document (a response hook for httpx)."""
    await response.aread()
    check(response.request.method, response.request.url.path, response)


def check(method: str, path: str, response: httpx.Response) -> None:
    if _media_type(response) != "application/json":
        return
    found = _operation(method, PREFIX.sub("", path, count=1).rstrip("/"))
    if found is None:
        return
    operation, components = found
    name = operation["operationId"]
    answer = operation["responses"].get(str(response.status_code))
    assert answer is not None, f"{name}: the document knows no {response.status_code}"
    if "$ref" in answer:  # only the control API has shared responses
        answer = CONTROL_DOCUMENT["components"]["responses"][answer["$ref"].rsplit("/", 1)[1]]
    schema = answer.get("content", {}).get("application/json", {}).get("schema")
    assert schema is not None, f"{name}: the document knows no JSON with {response.status_code}"
    problems = [
        f"{error.instance_path}: {error.message}"
        for error in _validator(json.dumps(schema), components is _CONTROL_SCHEMAS).iter_errors(response.json())
    ]
    found_members = undocumented(response.json(), schema, components)
    problems += [f"{place}: the document does not have it" for place in found_members]
    assert problems == [], f"{name} {response.status_code}: {'; '.join(problems)}"


def undocumented(
    value: object, schema: dict[str, Any], components: dict[str, Any], place: str = "$"
) -> Iterator[str]:
    """Yield the members of an answer that its schema does not name."""
    schema = _resolved(schema, components)
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from undocumented(item, schema.get("items", {}), components, f"{place}[{index}]")
    if not isinstance(value, dict) or not schema.keys() & {"properties", "additionalProperties"}:
        return
    for name, member in value.items():
        inner = schema.get("properties", {}).get(name, schema.get("additionalProperties"))
        if inner is None:
            yield f"{place}.{name}"
        elif isinstance(inner, dict):
            yield from undocumented(member, inner, components, f"{place}.{name}")


def _resolved(schema: dict[str, Any], components: dict[str, Any]) -> dict[str, Any]:
    for choice in schema.get("anyOf", ()):
        if "$ref" in choice:
            schema = choice
    return components[schema["$ref"].rsplit("/", 1)[1]] if "$ref" in schema else schema


def _operation(method: str, path: str) -> _Operation | None:
    pattern: re.Pattern[str]
    for own_method, pattern, operation in _OPERATIONS:
        if method == own_method and pattern.match(path):
            return operation
    return None


def _media_type(response: httpx.Response) -> str:
    return response.headers.get("content-type", "").partition(";")[0]


@cache
def _validator(schema: str, is_control: bool) -> jsonschema_rs.Draft202012Validator:
    components = (CONTROL_DOCUMENT if is_control else DOCUMENT)["components"]
    return jsonschema_rs.Draft202012Validator({**json.loads(schema), "components": components})
