"""The report as JSON, for machines, and the schema that is published for it."""

from __future__ import annotations

import inspect
from importlib import resources

import msgspec

from pass_harness.conformance.reports.model import Report

SCHEMA = "report.schema.json"
"""A file of this package, made by `schema_of_model`; the schema only grows."""


def encode(report: Report) -> bytes:
    """The report as indented JSON with a newline at its end."""
    return msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n"


def published_schema() -> bytes:
    """The JSON Schema of a report, as it is published with the package."""
    return (resources.files("pass_harness.conformance.reports") / SCHEMA).read_bytes()


def schema_of_model() -> bytes:
    """The JSON Schema of the model as it is now; the published one must be the same."""
    schema = msgspec.json.schema(Report)
    for part in schema["$defs"].values():
        if "description" in part:  # a docstring, which Python indents as the code is, up to 3.12
            part["description"] = inspect.cleandoc(part["description"])
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Pass Harness report", **schema}
    return msgspec.json.format(msgspec.json.encode(schema), indent=2) + b"\n"


if __name__ == "__main__":
    import sys

    sys.stdout.buffer.write(schema_of_model())
