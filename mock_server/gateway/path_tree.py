"""Finding the endpoint of a path in one step for each segment.

Starlette's router tries one route after the other; of the mock's own time for a poll that was two fifths. The routes
are still declared once, in routes.py, in Starlette's path syntax, and found as Starlette would find them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Generic, TypeVar

T = TypeVar("T")
_REMEMBERED = 4096
"""Paths: those of a login are asked for again and again."""
_LONGEST_REMEMBERED = 512
"""Characters of a path: what strangers ask for must not fill the memory."""


@dataclass
class _Node(Generic[T]):
    literals: dict[str, _Node[T]] = field(default_factory=dict)
    parameter: _Node[T] | None = None
    names: tuple[str, ...] = ()
    value: T | None = None


class PathTree(Generic[T]):
    """Values by path templates such as ``/api/v2/{serviceProvider}/profiles``; a literal goes before a parameter."""

    def __init__(self, templates: Iterable[tuple[str, T]]) -> None:
        self._root: _Node[T] = _Node()
        for template, value in templates:
            self._add(template, value)
        self._known = lru_cache(maxsize=_REMEMBERED)(self._find)

    def find(self, path: str) -> tuple[T, dict[str, str]] | None:
        """The value for a path and its parameters, which are not to be changed; None if no template fits."""
        return self._known(path) if len(path) <= _LONGEST_REMEMBERED else self._find(path)

    def _find(self, path: str) -> tuple[T, dict[str, str]] | None:
        segments = path.split("/")
        found = self._straight(segments) or self._descend(self._root, segments, 0, ())
        if found is None:
            return None
        node, values = found
        return (node.value, dict(zip(node.names, values, strict=True))) if node.value is not None else None

    def _straight(self, segments: list[str]) -> tuple[_Node[T], list[str]] | None:
        """As `_descend`, without going back where a literal led astray: enough for almost every path."""
        node, values = self._root, []
        for segment in segments:
            literal = node.literals.get(segment)
            if literal is not None:
                node = literal
            elif node.parameter is not None and segment:
                node = node.parameter
                values.append(segment)
            else:
                return None
        return (node, values) if node.value is not None else None

    def _descend(
        self, node: _Node[T], segments: list[str], depth: int, values: tuple[str, ...]
    ) -> tuple[_Node[T], tuple[str, ...]] | None:
        if depth == len(segments):
            return (node, values) if node.value is not None else None
        segment = segments[depth]
        literal = node.literals.get(segment)
        if literal is not None:
            found = self._descend(literal, segments, depth + 1, values)
            if found is not None:
                return found
        if node.parameter is not None and segment:
            return self._descend(node.parameter, segments, depth + 1, (*values, segment))
        return None

    def _add(self, template: str, value: T) -> None:
        node, names = self._root, []
        for segment in template.split("/"):
            if segment.startswith("{"):
                names.append(segment.strip("{}"))
                node.parameter = node.parameter or _Node()
                node = node.parameter
            else:
                node = node.literals.setdefault(segment, _Node())
        if node.value is not None:
            raise ValueError(f"two endpoints have the path {template}")
        node.names, node.value = tuple(names), value
