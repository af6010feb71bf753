"""Comparison of two JSON schemas, member by member."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from pass_harness.mock_server.openapi.document_reader import Document, Schema

_SCALARS = {bool: "boolean", int: "integer", float: "number", str: "string", type(None): "null"}


@dataclass
class _Shape:
    """The values that a schema allows, with references, combinations and null resolved; no types allow anything."""

    types: set[str] = field(default_factory=set)
    values: set[Any] = field(default_factory=set)
    properties: dict[str, Schema | bool] = field(default_factory=dict)
    required: set[str] = field(default_factory=set)
    items: Schema | bool | None = None
    entries: Schema | None = None
    """The schema of a map's values."""


class SchemaComparison:
    """A comparison of schemas; ``request`` is True for schemas of requests, False for those of answers."""

    def __init__(self, theirs: Document, ours: Document, *, request: bool) -> None:
        self._theirs = theirs
        self._ours = ours
        self._request = request
        self._in_progress: set[tuple[int, int]] = set()

    def compare(self, place: str, theirs: Schema | bool, ours: Schema | bool) -> Iterator[tuple[str, str]]:
        """Yield place and finding of each difference; a recursive schema is compared once."""
        key = (id(theirs), id(ours))
        if key in self._in_progress:
            return
        self._in_progress.add(key)
        yield from self._shapes(place, _shape(self._theirs, theirs), _shape(self._ours, ours))
        self._in_progress.discard(key)

    def _shapes(self, place: str, theirs: _Shape, ours: _Shape) -> Iterator[tuple[str, str]]:
        yield from self._types(place, theirs, ours)
        yield from self._values(place, theirs, ours)
        for name, schema in theirs.properties.items():
            member = f"{place}.{name}"
            own = ours.properties.get(name, ours.entries)
            if own is None:
                if "object" in ours.types:
                    yield member, "is missing here"
                continue
            yield from self._required(member, there=name in theirs.required, here=name in ours.required)
            yield from self.compare(member, schema, own)
        if theirs.items is not None and ours.items is not None:
            yield from self.compare(f"{place}[]", theirs.items, ours.items)
        if theirs.entries is not None and ours.entries is not None:
            yield from self.compare(f"{place}.*", theirs.entries, ours.entries)

    def _required(self, place: str, *, there: bool, here: bool) -> Iterator[tuple[str, str]]:
        if there and not here:
            yield place, "is required there, optional here"
        elif self._request and here and not there:
            yield place, "is optional there, required here"

    def _types(self, place: str, theirs: _Shape, ours: _Shape) -> Iterator[tuple[str, str]]:
        """Yield the difference of types: answers need a type of theirs, requests must accept all types of theirs."""
        wider, narrower = (ours.types, theirs.types) if self._request else (theirs.types, ours.types)
        if not wider or (narrower and all(_within(name, wider) for name in narrower)):
            return
        yield place, f"is {_type_text(theirs.types)} there, {_type_text(ours.types)} here"

    def _values(self, place: str, theirs: _Shape, ours: _Shape) -> Iterator[tuple[str, str]]:
        if theirs.values and ours.values:
            lacking, added = theirs.values - ours.values, ours.values - theirs.values - {None}
            if lacking:
                yield place, f"lacks the values {_listed(lacking)} here"
            if added and not self._request:
                yield place, f"has values here that are not there: {_listed(added)}"
        elif theirs.values and not self._request:
            yield place, f"is one of {_listed(theirs.values)} there, anything here"
        elif ours.values and self._request:
            yield place, f"is anything there, one of {_listed(ours.values)} here"


def _within(name: str, types: set[str]) -> bool:
    return name in types or (name == "integer" and "number" in types)


def _type_text(types: set[str]) -> str:
    return " or ".join(sorted(types, key=lambda name: (name == "null", name))) or "anything"


def _listed(values: set[Any]) -> str:
    return ", ".join(sorted(map(str, values)))


def _shape(document: Document, schema: Schema | bool) -> _Shape:
    shape = _Shape()
    _merge(document, schema, shape, set())
    return shape


def _merge(document: Document, schema: Schema | bool, shape: _Shape, seen: set[int]) -> None:
    if isinstance(schema, bool) or id(schema) in seen:
        return
    seen.add(id(schema))
    schema = document.resolved(schema)
    shape.types |= {schema.type} if isinstance(schema.type, str) else set(schema.type or ())
    shape.values |= {value for value in schema.enum if type(value) in _SCALARS}
    if schema.type is None:
        shape.types |= {_SCALARS[type(value)] for value in shape.values}
    if schema.nullable:
        shape.types.add("null")
    if schema.properties:
        shape.types |= {"object"} if schema.type is None else set()
        shape.properties.update(schema.properties)
    shape.required |= set(schema.required)
    shape.items = schema.items if shape.items is None else shape.items
    if isinstance(schema.additional_properties, Schema):
        shape.entries = schema.additional_properties
    for part in (*schema.all_of, *schema.any_of, *schema.one_of):
        _merge(document, part, shape, seen)
