"""The shape of a JSON body (members, types, enumerations), compared with a schema of the mock's OpenAPI document."""

from __future__ import annotations

from collections.abc import Iterator

from pass_harness.conformance.fidelity.difference import ABSENT, PRESENT, Difference, member, one_of
from pass_harness.conformance.fidelity.reference import Schema, resolved

_TYPES = {
    dict: "object",
    list: "array",
    str: "string",
    bool: "boolean",
    int: "integer",
    float: "number",
    type(None): "null",
}


def differences(value: object, schema: Schema, place: str = "$") -> Iterator[Difference]:
    """Yield where a value departs from a schema. Entries of maps have the place ``.*``, elements of lists ``[]``."""
    choices = list(_choices(schema))
    types = {name for choice in choices for name in _types(choice)}
    kind = _TYPES[type(value)]
    if kind not in types and not (kind == "integer" and "number" in types) and all(map(_types, choices)):
        yield Difference(place, kind, one_of(types))
        return
    fitting = next((choice for choice in choices if kind in _types(choice)), None)
    if fitting is None:
        return
    documented = fitting.get("enum")
    if documented is not None and value not in documented:
        yield Difference(place, "an undocumented value", one_of(documented))
    if isinstance(value, list):
        for element in value:
            yield from differences(element, fitting.get("items", {}), f"{place}[]")
    if isinstance(value, dict):
        yield from _members(value, fitting, place)


def _members(value: dict[str, object], schema: Schema, place: str) -> Iterator[Difference]:
    properties = schema.get("properties", {})
    entries = schema.get("additionalProperties")
    for name in schema.get("required", ()):
        if name not in value:
            yield Difference(f"{place}.{name}", ABSENT, PRESENT)
    for name, inner in value.items():
        if name in properties:
            yield from differences(inner, properties[name], f"{place}.{name}")
        elif isinstance(entries, dict):
            yield from differences(inner, entries, f"{place}.*")
        elif properties:
            yield Difference(f"{place}.{member(name)}", PRESENT, ABSENT)


def _choices(schema: Schema) -> Iterator[Schema]:
    schema = resolved(schema)
    if "anyOf" not in schema:
        yield schema
    for choice in schema.get("anyOf", ()):
        yield from _choices(choice)


def _types(schema: Schema) -> set[str]:
    """Return the JSON types that a schema allows; empty for any."""
    if "enum" in schema:
        return {_TYPES[type(value)] for value in schema["enum"]}
    named = schema.get("type", ())
    return {named} if isinstance(named, str) else set(named)
