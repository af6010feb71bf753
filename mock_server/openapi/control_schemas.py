"""Schemas of the control API, generated from the structs that the mock encodes and decodes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec
from msgspec import inspect as types

from pass_harness.mock_server.formats.durations import Duration, Written
from pass_harness.mock_server.formats.json_schema import field_docstrings
from pass_harness.mock_server.schemas import AMENDMENTS

_REFERENCE = "#/components/schemas/{name}"
_NULL = {"type": "null"}
Schema = dict[str, Any]


def control_schemas(kinds: Iterable[Any]) -> tuple[Mapping[Any, Schema], dict[str, Schema]]:
    """Return the schemas by type, and the component schemas that they refer to by name."""
    wanted = [*dict.fromkeys(kinds)]
    written = [form for kind in wanted for form in _written_forms(types.type_info(kind))]
    found, components = msgspec.json.schema_components(
        [*wanted, *written], schema_hook=_written_as, ref_template=_REFERENCE
    )
    structs = {struct.__name__: struct for kind in [*wanted, *written] for struct in _structs(types.type_info(kind))}
    for name, component in components.items():
        if name in structs:
            _describe(structs[name], component)
    by_kind = {kind: _simplified(schema) for kind, schema in zip(wanted, found, strict=False)}
    return by_kind, {name: _simplified(component) for name, component in sorted(components.items())}


def _written_as(kind: type) -> Schema:
    """Return the schema of a type that has a form of its own in JSON."""
    if issubclass(kind, Duration | Written):
        [schema], _ = msgspec.json.schema_components([kind.form], schema_hook=_written_as, ref_template=_REFERENCE)
        return schema
    raise NotImplementedError


def _describe(struct: type[msgspec.Struct], component: Schema) -> None:
    """Add the docstrings of the fields to a component, and the constraints that the struct checks in code."""
    del component["title"]
    component["description"] = _plain(struct.__doc__ or "")
    sentences = field_docstrings(struct)
    for field in types.type_info(struct).fields:  # type: ignore[attr-defined]  # that of a struct
        member = component["properties"][field.encode_name]
        if member.get("default", ...) is None:
            del member["default"]
        if field.name in sentences:
            component["properties"][field.encode_name] = {**member, "description": _plain(sentences[field.name])}
        amendment = AMENDMENTS.get((struct, field.name), {})
        if "enum" in amendment:
            component["properties"][field.encode_name] |= _of_strings(member, amendment["enum"])
    component |= AMENDMENTS.get((struct, ""), {})


def _of_strings(member: Schema, values: list[str]) -> Schema:
    """Return the members that limit a string to values; one that may be null keeps that choice."""
    limited = {"type": "string", "enum": values}
    return {"anyOf": [limited, _NULL]} if "anyOf" in member else limited


def _simplified(schema: Any) -> Any:  # noqa: ANN401 - a value of JSON
    """Return a schema with ``type: [string, "null"]`` for a simple type or null, and with the type of its enums."""
    if isinstance(schema, list | tuple):
        return [_simplified(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    plain = {name: _simplified(member) for name, member in schema.items()}
    match plain.get("anyOf"):
        case [{"type": str(kind), **limits}, {"type": "null"}] if "enum" not in limits:
            del plain["anyOf"]
            plain = {"type": [kind, "null"], **limits, **plain}
    values = plain.get("enum")
    if isinstance(values, list) and "type" not in plain and all(isinstance(value, str) for value in values):
        plain = {"type": "string", **plain}
    return plain


def _structs(kind: Any) -> Iterator[type[msgspec.Struct]]:  # noqa: ANN401 - a type of msgspec.inspect
    for inner in _walk(kind):
        if isinstance(inner, types.StructType):
            yield inner.cls


def _written_forms(kind: Any) -> Iterator[Any]:  # noqa: ANN401 - as above
    for inner in _walk(kind):
        if isinstance(inner, types.CustomType) and issubclass(inner.cls, Written):
            yield inner.cls.form


def _walk(kind: Any) -> Iterator[types.Type]:  # noqa: ANN401 - as above
    """Yield a type and all types in it; no struct of the control API contains itself."""
    yield kind
    match kind:
        case types.StructType(fields=fields):
            for field in fields:
                yield from _walk(field.type)
        case types.UnionType(types=inner) | types.TupleType(item_types=inner):
            for each in inner:
                yield from _walk(each)
        case types.ListType(item_type=item) | types.VarTupleType(item_type=item) | types.DictType(value_type=item):
            yield from _walk(item)
        case types.Metadata(type=inner_type):
            yield from _walk(inner_type)


def _plain(text: str) -> str:
    """Return a docstring as one line of Markdown."""
    return re.sub(r"\bNone\b", "null", " ".join(text.split()).replace("``", "`"))
