"""The JSON Schemas of service.toml and waivers files, generated from the structs that read them.

``python tests/packaging/write_schemas.py`` writes the files in this folder.
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
    (VerbTable, "json"): {"description": "JSON body: any value, placeholders allowed."},
    (Waiver, "rule"): {"pattern": r"^[a-z]+\.[a-z0-9-]+$"},
}


def made() -> dict[str, Schema]:
    """Return the schemas by name."""
    verbs = {"properties": {name: _verb(name) for name in VERBS}, "additionalProperties": False}
    amendments = {**AMENDMENTS, (ServiceFile, "verbs"): verbs}
    return {
        "service": document("Configuration of a Programmer Service under test", fragment(ServiceFile, amendments)),
        "waivers": document("Waivers: excused findings", fragment(WaiversFile, AMENDMENTS)),
    }


def _verb(name: str) -> Schema:
    """Return the schema of the table of a verb, with its returns."""
    verb, schema = VERBS[name], fragment(VerbTable, AMENDMENTS)
    returns = schema["properties"]["returns"]
    path = returns.pop("additionalProperties")
    returns |= {"properties": dict.fromkeys(sorted(verb.returns), path), "additionalProperties": False}
    if verb.required:
        returns["required"] = sorted(verb.required)
        schema["required"] = [*schema["required"], "returns"]
    return {**schema, "description": f"The app says: {verb.description}"}
