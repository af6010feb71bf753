"""The report as JSON, and its published JSON Schema."""

from __future__ import annotations

import inspect
from importlib import resources

import msgspec

from pass_harness.conformance.reports.model import Report

SCHEMA = "report.schema.json"
"""A file of this package, written by `schema_of_model`. New versions only add members."""


def encode(report: Report) -> bytes:
    """Return a report as indented JSON with a newline at its end."""
    return msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n"


def published_schema() -> bytes:
    """Return the JSON Schema of a report that is published with the package."""
    return (resources.files("pass_harness.conformance.reports") / SCHEMA).read_bytes()


def schema_of_model() -> bytes:
    """Return the JSON Schema of the current model, which must equal the published one."""
    schema = msgspec.json.schema(Report)
    for part in schema["$defs"].values():
        if "description" in part:  # a docstring, which Python keeps indented up to 3.12
            part["description"] = inspect.cleandoc(part["description"])
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Pass Harness report", **schema}
    return msgspec.json.format(msgspec.json.encode(schema), indent=2) + b"\n"


if __name__ == "__main__":
    import sys

    sys.stdout.buffer.write(schema_of_model())
