"""Checks of each JSON answer of Adobe's endpoints against the OpenAPI document."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import httpx
import jsonschema_rs
from starlette.routing import compile_path

from pass_harness.mock_server.openapi.document import document
from pass_harness.mock_server.routes import ENDPOINTS
from pass_harness.mock_server.space_paths import PREFIX

DOCUMENT = document(ENDPOINTS)
_OPERATIONS = [
    (endpoint.method, compile_path(path)[0], DOCUMENT["paths"][endpoint.path][endpoint.method.lower()])
    for endpoint in ENDPOINTS
    for path in (endpoint.path, *endpoint.also)
]


async def check_answer(response: httpx.Response) -> None:
    """Raise AssertionError if an answer contradicts the document (a response hook for httpx)."""
    await response.aread()
    check(response.request.method, response.request.url.path, response)


def check(method: str, path: str, response: httpx.Response) -> None:
    if _media_type(response) != "application/json":
        return
    operation = _operation(method, PREFIX.sub("", path, count=1).rstrip("/"))
    if operation is None:
        return
    name = operation["operationId"]
    answer = operation["responses"].get(str(response.status_code))
    assert answer is not None, f"{name}: the document knows no {response.status_code}"
    schema = answer.get("content", {}).get("application/json", {}).get("schema")
    assert schema is not None, f"{name}: the document knows no JSON with {response.status_code}"
    problems = [
        f"{error.instance_path}: {error.message}" for error in _validator(schema["$ref"]).iter_errors(response.json())
    ]
    problems += [f"{place}: the document does not have it" for place in undocumented(response.json(), schema)]
    assert problems == [], f"{name} {response.status_code}: {'; '.join(problems)}"


def undocumented(value: object, schema: dict[str, Any], place: str = "$") -> Iterator[str]:
    """Yield the members of an answer that its schema does not name."""
    schema = _resolved(schema)
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from undocumented(item, schema.get("items", {}), f"{place}[{index}]")
    if not isinstance(value, dict) or not schema.keys() & {"properties", "additionalProperties"}:
        return
    for name, member in value.items():
        inner = schema.get("properties", {}).get(name, schema.get("additionalProperties"))
        if inner is None:
            yield f"{place}.{name}"
        elif isinstance(inner, dict):
            yield from undocumented(member, inner, f"{place}.{name}")


def _resolved(schema: dict[str, Any]) -> dict[str, Any]:
    for choice in schema.get("anyOf", ()):
        if "$ref" in choice:
            schema = choice
    return DOCUMENT["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]] if "$ref" in schema else schema


def _operation(method: str, path: str) -> dict[str, Any] | None:
    pattern: re.Pattern[str]
    for own_method, pattern, operation in _OPERATIONS:
        if method == own_method and pattern.match(path):
            return operation
    return None


def _media_type(response: httpx.Response) -> str:
    return response.headers.get("content-type", "").partition(";")[0]


@cache
def _validator(reference: str) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator({"$ref": reference, "components": DOCUMENT["components"]})
