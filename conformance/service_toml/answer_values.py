"""Places of values in an answer of the service: JSONPaths, and headers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jsonpath

HEADER = "header:"
"""Prefix of a place that is a header of the answer."""
ROOT = "$"


class JsonPlace:
    """A JSONPath, compiled. Raises `jsonpath.JSONPathError` for a text that is none."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._path = jsonpath.compile(text)
        self._is_singular = isinstance(self._path, jsonpath.JSONPath) and self._path.singular_query()

    def __str__(self) -> str:
        return self._text

    def find(self, content: object, headers: Mapping[str, str] | None = None) -> Any:  # noqa: ANN401 (any JSON value)
        """Return the first value in a JSON answer, or None."""
        values = self._values(content)
        return values[0] if values else None

    def find_list(self, content: object) -> Any:  # noqa: ANN401 (any JSON value)
        """Return the list in a JSON answer: "$.ids" finds one list, "$.ids[*]" and "$.items[*].id" find its items.

        The value of a path to one place that is no list is returned as it is.
        """
        values = self._values(content)
        if len(values) == 1 and (isinstance(values[0], list) or (self._is_singular and values[0] is not None)):
            return values[0]
        return [value for value in values if value is not None]

    def _values(self, content: object) -> list[Any]:
        if isinstance(content, dict | list):
            return self._path.findall(content)
        # The library reads a text as JSON; in any other value than an object or an array, the root is the only place.
        return [content] if self._text.strip() == ROOT else []


class HeaderPlace:
    """A header of the answer, written ``header:NAME``."""

    def __init__(self, text: str) -> None:
        self._name = text.removeprefix(HEADER).strip()

    def __str__(self) -> str:
        return f"the header {self._name}"

    def find(self, content: object, headers: Mapping[str, str] | None = None) -> str | None:
        """Return the value of the header, or None."""
        return (headers or {}).get(self._name)


Place = JsonPlace | HeaderPlace
