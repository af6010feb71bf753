"""Possible answers of the mock: endpoints with the statuses, media types and JSON schemas of its OpenAPI document."""

from __future__ import annotations

from functools import cache
from typing import Any

from pass_harness.mock_server.gateway.endpoint import Endpoint
from pass_harness.mock_server.openapi.document import document
from pass_harness.mock_server.routes import ENDPOINTS

Schema = dict[str, Any]
ENDPOINT = {endpoint.id: endpoint for endpoint in ENDPOINTS}


@cache
def _document() -> Schema:
    return document(ENDPOINTS)


def answers(endpoint: Endpoint) -> dict[int, Schema]:
    """Return the documented answers of an endpoint by status, as OpenAPI response objects."""
    found = _document()["paths"][endpoint.path][endpoint.method.lower()]["responses"]
    return {int(status): answer for status, answer in found.items()}


def resolved(schema: Schema) -> Schema:
    """Return a schema, or the one that it refers to."""
    reference = schema.get("$ref")
    if reference is None:
        return schema
    found: Schema = _document()["components"]["schemas"][reference.rpartition("/")[2]]
    return found
