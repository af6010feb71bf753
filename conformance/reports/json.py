"""The report as JSON, and the published JSON Schemas of a report and of the record of a run."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from importlib import resources

import msgspec

from pass_harness.conformance.reports.history.model import RunRecord
from pass_harness.conformance.reports.model import Report

SCHEMAS: Mapping[str, tuple[str, type[msgspec.Struct]]] = {
    "report": ("Pass Harness report", Report),
    "history": ("Record of a run in a history of Pass Harness", RunRecord),
}
"""Title and struct of each schema. NAME.schema.json is a file of this package; new versions only add members."""


def encode(report: Report) -> bytes:
    """Return a report as indented JSON with a newline at its end."""
    return msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n"


def published_schema(name: str = "report") -> bytes:
    """Return a JSON Schema that is published with the package."""
    return (resources.files("pass_harness.conformance.reports") / f"{name}.schema.json").read_bytes()


def schema_of_model(name: str = "report") -> bytes:
    """Return the JSON Schema of the current model, which must equal the published one."""
    title, struct = SCHEMAS[name]
    schema = msgspec.json.schema(struct)
    for part in schema["$defs"].values():
        if "description" in part:  # a docstring, which Python keeps indented up to 3.12
            part["description"] = inspect.cleandoc(part["description"])
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": title, **schema}
    return msgspec.json.format(msgspec.json.encode(schema), indent=2) + b"\n"


if __name__ == "__main__":
    import sys

    sys.stdout.buffer.write(schema_of_model(*sys.argv[1:]))
