"""Generator of the page of configuration file keys, from the JSON Schemas for editors."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from pass_harness.conformance.schemas import AMENDMENTS
from pass_harness.conformance.schemas import made as conformance_schemas
from pass_harness.conformance.service_toml.service_config import ServiceFile
from pass_harness.load.schemas import made as load_schemas
from pass_harness.mock_server.formats.json_schema import Schema, fragment
from pass_harness.mock_server.schemas import made as mock_schemas

HEAD = """# Configuration file keys

All keys of all configuration files, with type and default. The [JSON Schemas for editors](../how-to/editor.md) have
the same contents. A duration is a number and a unit: `250ms`, `30s`, `30m`, `6h`, `7d`.
"""
FILES = {
    "mock.toml": ("configuration.md", mock_schemas()["mock"]),
    # All verbs have the same table; the page of the file describes the returns of each.
    "service.toml": ("service-toml.md", fragment(ServiceFile, AMENDMENTS)),
    "waivers.toml": ("waivers.md", conformance_schemas()["waivers"]),
    "event.toml": ("event-toml.md", load_schemas()["event"]),
    "slo.toml": ("slo-toml.md", load_schemas()["slo"]),
}
_SCALARS = {"string": "text", "integer": "whole number", "boolean": "true or false", "number": "number"}
_MAX_CHOICES = 12
"""Maximum number of choices to list; other pages list more, such as the error codes."""


def page() -> str:
    """Return the page in Markdown."""
    return HEAD + "".join(_File(name, about).section(schema) for name, (about, schema) in FILES.items())


class _File:
    """The tables of one file, each once: equal schemas share a table."""

    def __init__(self, name: str, about: str) -> None:
        self._name, self._about = name, about
        self._shown: dict[bytes, str] = {}

    def section(self, schema: Schema) -> str:
        """Return the section of the file in Markdown."""
        return f"\n## {self._name}\n\n[Description of the file]({self._about}).\n" + "".join(self._tables("", schema))

    def _tables(self, path: str, schema: Schema) -> Iterator[str]:
        below: list[tuple[str, Schema]] = []
        rows = []
        for key, value in schema["properties"].items():
            for inner, shape in _objects(f"{path}.{key}".removeprefix("."), value):
                if _identity(shape) not in self._shown:
                    self._shown[_identity(shape)] = self._title(inner)
                    below.append((inner, shape))
            default = _default(value, required=key in schema.get("required", ()))
            rows.append(f"| `{key}` | {self._type(value)} | {default} | {_meaning(value)} |")
        title = f"\n### {self._shown[_identity(schema)]}\n" if path else ""
        yield "\n".join((title, "| key | type | default | meaning |", "|---|---|---|---|", *rows, ""))
        for inner, shape in below:
            yield from self._tables(inner, shape)

    def _title(self, path: str) -> str:
        """Return the title of a table, with its header as in the file: ``[[mvpds]]``."""
        table = f"[{path.replace('[]', '')}]"
        title = f"{self._name}: [{table}]" if path.endswith("[]") else f"{self._name}: {table}"
        return f"{title} (alternative)" if title in self._shown.values() else title

    def _type(self, schema: Schema) -> str:
        match schema:
            case {"enum": list(choices)} if len(choices) <= _MAX_CHOICES:
                return ", ".join(f"`{_json(choice)}`" for choice in choices)
            case {"anyOf": list(choices)}:
                return " or ".join(dict.fromkeys(map(self._type, choices)))
            case {"properties": _}:
                return f"[table](#{_anchor(self._shown[_identity(schema)])})"
            case {"type": "object"}:
                values = schema.get("additionalProperties")
                return f"table of {self._type(values)}" if isinstance(values, dict) and values else "table"
            case {"type": "array"}:
                return f"list of {self._type(schema['items'])}" if isinstance(schema.get("items"), dict) else "list"
            case {"pattern": str(pattern)} if pattern.endswith("(ms|s|m|h|d)$"):
                return "duration"
            case {"format": "date"}:
                return "date"
            case {"type": str(name)}:
                return _SCALARS.get(name, name)
        return "text" if "enum" in schema else "any"


def _objects(path: str, schema: Schema) -> Iterator[tuple[str, Schema]]:
    """Yield the tables within the value of a key, with their paths."""
    if "properties" in schema:
        yield path, schema
    for choice in schema.get("anyOf", ()):
        yield from _objects(path, choice)
    if isinstance(schema.get("items"), dict):
        yield from _objects(f"{path}[]", schema["items"])
    if isinstance(schema.get("additionalProperties"), dict):
        yield from _objects(f"{path}.NAME", schema["additionalProperties"])


def _default(schema: Schema, *, required: bool) -> str:
    if required:
        return "(required)"
    return f"`{_json(schema['default'])}`" if "default" in schema else ""


def _meaning(schema: Schema) -> str:
    bounds = {"minimum": "at least {}", "exclusiveMinimum": "more than {}", "maximum": "at most {}"}
    limits = [text.format(schema[bound]) for bound, text in bounds.items() if bound in schema]
    about = " ".join(str(schema.get("description", "")).split()).replace("|", "\\|")
    return f"{about} ({', '.join(limits)})".strip() if limits else about


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _identity(schema: Schema) -> bytes:
    """Return the identity of a table: its schema without description and default."""
    shape: dict[str, Any] = {name: value for name, value in schema.items() if name not in {"description", "default"}}
    return msgspec.json.encode(shape, order="sorted")


def _anchor(title: str) -> str:
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
