"""The JSON Schemas of what people write for the suite. The files beside this one are made from here.

After a change: ``python tests/packaging/write_schemas.py``.
"""

from __future__ import annotations

from pass_harness.conformance.evaluation.waivers import Waiver, WaiversFile
from pass_harness.conformance.service_toml.service_config import METHODS, Service, ServiceFile, VerbTable
from pass_harness.conformance.verbs import VERBS
from pass_harness.mock_server.formats.json_schema import Amendments, Schema, document, fragment

AMENDMENTS: Amendments = {
    (Service, "base_url"): {"pattern": "^https?://"},
    (Service, "driver"): {"pattern": r"^[\w.]+:\w+$"},
    (VerbTable, "request"): {"pattern": rf"^({'|'.join(METHODS)}) +(/|https?://)"},
    (VerbTable, "json"): {"description": "The body as JSON: any value, with placeholders."},
    (Waiver, "rule"): {"pattern": r"^[a-z]+\.[a-z0-9-]+$"},
}


def made() -> dict[str, Schema]:
    """The schemas by name."""
    verbs = {"properties": {name: _verb(name) for name in VERBS}, "additionalProperties": False}
    amendments = {**AMENDMENTS, (ServiceFile, "verbs"): verbs}
    return {
        "service": document("How verbs reach a Programmer Service", fragment(ServiceFile, amendments)),
        "waivers": document("Findings that are excused", fragment(WaiversFile, AMENDMENTS)),
    }


def _verb(name: str) -> Schema:
    """The table of one verb, with what it may return."""
    verb, schema = VERBS[name], fragment(VerbTable, AMENDMENTS)
    returns = schema["properties"]["returns"]
    path = returns.pop("additionalProperties")
    returns |= {"properties": dict.fromkeys(sorted(verb.returns), path), "additionalProperties": False}
    if verb.required:
        returns["required"] = sorted(verb.required)
        schema["required"] = [*schema["required"], "returns"]
    return {**schema, "description": f"The app says: {verb.description}"}
