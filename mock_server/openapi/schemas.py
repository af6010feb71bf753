"""Component schemas, generated from the wire models."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

_REFERENCE = "#/components/schemas/{name}"


def schemas(models: Iterable[type[msgspec.Struct]]) -> dict[str, Any]:
    """Return the schemas of the models, and of the structs in them, by name."""
    _, components = msgspec.json.schema_components(list(models), ref_template=_REFERENCE)
    for component in components.values():
        del component["title"]
        properties = component.get("properties", {})
        for name, schema in properties.items():
            properties[name] = _with_type(_without_null(schema))
    return dict(sorted(components.items()))


def reference(model: type[msgspec.Struct]) -> dict[str, str]:
    """Return a reference to the schema of a model."""
    return {"$ref": _REFERENCE.format(name=model.__name__)}


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a member without null: the encoder omits a member that is None."""
    if schema.get("default", ...) is not None:
        return schema
    kept = [choice for choice in schema["anyOf"] if choice != {"type": "null"}]
    rest = {key: value for key, value in schema.items() if key not in {"anyOf", "default"}}
    return {**rest, **kept[0]} if len(kept) == 1 else {**rest, "anyOf": kept}


def _with_type(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema with the type of its enum of strings: client generators need it."""
    if "enum" in schema and all(isinstance(value, str) for value in schema["enum"]):
        return {"type": "string", **schema}
    return {**schema, "items": _with_type(schema["items"])} if "items" in schema else schema
