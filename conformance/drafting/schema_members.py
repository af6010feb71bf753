"""Search for members in the schemas of an OpenAPI document."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from pass_harness.conformance.drafting.vocabulary import ID_NAMES, normalized
from pass_harness.mock_server.openapi.document_reader import Document, MediaType, Schema

DEEPEST = 4
"""Levels of nested objects that are searched."""
_MOST_PARTS = 200


@dataclass(frozen=True)
class Found:
    """A member of a schema; ``path`` is its JSONPath."""

    path: str
    schema: Schema


def json_schema(document: Document, content: dict[str, MediaType]) -> Schema | None:
    """Return the schema of the JSON media type, or None."""
    for media_type, described in content.items():
        if "json" in media_type or media_type == "*/*":
            return whole(document, described.schema)
    return None


def whole(document: Document, schema: Schema | bool | None) -> Schema | None:
    """Return a schema with its reference resolved; None for no schema or a boolean one."""
    return document.resolved(schema) if isinstance(schema, Schema) else None


def members(document: Document, schema: Schema) -> dict[str, Schema]:
    """Return the members of an object, those of its allOf, anyOf and oneOf schemas included."""
    found: dict[str, Schema] = {}
    waiting, seen = deque([schema]), 0
    while waiting and seen < _MOST_PARTS:
        seen += 1
        part = document.resolved(waiting.popleft())
        for name, member in part.properties.items():
            found.setdefault(name, document.resolved(member) if isinstance(member, Schema) else Schema())
        waiting.extend(other for other in (*part.all_of, *part.any_of, *part.one_of) if isinstance(other, Schema))
    return found


def find(document: Document, schema: Schema | None, names: Sequence[str]) -> Found | None:
    """Return the member whose name comes first in ``names``; among several of that name, the least nested one."""
    everything = list(_walk(document, schema)) if schema is not None else []
    for name in names:
        for path, member_name, member in everything:
            if normalized(member_name) == name:
                return Found(path, member)
    return None


def find_ids(document: Document, schema: Schema | None, names: Sequence[str]) -> Found | None:
    """Return a list of ids, which are strings or members of objects; the response itself may be the list."""
    if schema is None:
        return None
    if schema.items is not None:
        return _ids(document, "$", schema)
    for name in names:
        for path, member_name, member in _walk(document, schema):
            if normalized(member_name) == name and member.items is not None:
                return _ids(document, path, member)
    return None


def _ids(document: Document, path: str, listed: Schema) -> Found:
    item = whole(document, listed.items if isinstance(listed.items, Schema) else None)
    named = {normalized(name): name for name in members(document, item)} if item is not None else {}
    for name in ID_NAMES:
        if name in named:
            return Found(f"{path}[*]{_step(named[name])}", listed)
    return Found(f"{path}[*]" if path == "$" else path, listed)


def _walk(document: Document, schema: Schema) -> list[tuple[str, str, Schema]]:
    """Return path, name and schema of every member, breadth first."""
    found: list[tuple[str, str, Schema]] = []
    waiting = deque([("$", schema, 0)])
    while waiting and len(found) < _MOST_PARTS:
        path, part, depth = waiting.popleft()
        for name, member in members(document, part).items():
            inner = path + _step(name)
            found.append((inner, name, member))
            if depth + 1 < DEEPEST:
                waiting.append((inner, member, depth + 1))
    return found


def _step(name: str) -> str:
    return f".{name}" if name.isidentifier() else f"['{name}']"
