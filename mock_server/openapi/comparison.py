"""Comparison of an OpenAPI document (theirs) with that of the mock (ours).

A difference is a part of their document that ours lacks or contradicts. Our document can promise more (required
members of answers, fewer values) and accept more; parts that only our document has are not differences.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from pass_harness.mock_server.openapi.document_reader import Document, MediaType, Operation
from pass_harness.mock_server.openapi.schema_comparison import SchemaComparison

MISSING = "is missing here"


@dataclass(frozen=True, order=True)
class Difference:
    """One difference: ``operation`` is method and path in their document, ``place`` a part of the operation."""

    operation: str
    place: str
    finding: str


def differences(theirs: Document, ours: Document) -> list[Difference]:
    """Return all differences, in the order of the operations in their document."""
    own = {(method, _template(path)): operation for method, path, operation in ours.operations()}
    found: list[Difference] = []
    for method, path, operation in theirs.operations():
        name = f"{method} {path}"
        match = own.get((method, _template(path)))
        if match is None:
            found.append(Difference(name, "operation", MISSING))
            continue
        comparison = _OperationComparison(theirs, ours)
        found += dict.fromkeys(Difference(name, *pair) for pair in comparison.compare(operation, match))
    return found


def _template(path: str) -> str:
    return re.sub(r"{[^{}]*}", "{}", path).rstrip("/")


class _OperationComparison:
    def __init__(self, theirs: Document, ours: Document) -> None:
        self._theirs = theirs
        self._ours = ours

    def compare(self, theirs: Operation, ours: Operation) -> Iterator[tuple[str, str]]:
        """Yield place and finding of each difference."""
        yield from self._parameters(theirs, ours)
        yield from self._bodies(theirs, ours)
        for status, response in theirs.responses.items():
            place = f"response {status}"
            match = ours.responses.get(status) or ours.responses.get("default")
            if match is None:
                yield place, MISSING
                continue
            content, own = self._theirs.resolved(response).content, self._ours.resolved(match).content
            yield from self._contents(place, content, own, request=False)

    def _parameters(self, theirs: Operation, ours: Operation) -> Iterator[tuple[str, str]]:
        own = self._ours.parameters(ours)
        for key, parameter in self._theirs.parameters(theirs).items():
            place = f"{parameter.where} parameter {parameter.name}"
            match = own.get(key)
            if match is None:
                yield place, MISSING
                continue
            yield from _requirement(place, theirs=parameter.required, ours=match.required)
            if parameter.schema is not None and match.schema is not None:
                comparison = SchemaComparison(self._theirs, self._ours, request=True)
                yield from comparison.compare(place, parameter.schema, match.schema)

    def _bodies(self, theirs: Operation, ours: Operation) -> Iterator[tuple[str, str]]:
        if theirs.request_body is None:
            return
        body = self._theirs.resolved(theirs.request_body)
        if ours.request_body is None:
            yield "request", MISSING
            return
        match = self._ours.resolved(ours.request_body)
        yield from _requirement("request", theirs=body.required, ours=match.required)
        yield from self._contents("request", body.content, match.content, request=True)

    def _contents(
        self, place: str, theirs: dict[str, MediaType], ours: dict[str, MediaType], *, request: bool
    ) -> Iterator[tuple[str, str]]:
        own = {_essence(name): media for name, media in ours.items()}
        for name, media in theirs.items():
            match = own.get(_essence(name))
            if match is None:
                yield f"{place} {name}", MISSING
            elif media.schema is not None and match.schema is not None:
                comparison = SchemaComparison(self._theirs, self._ours, request=request)
                yield from comparison.compare(f"{place} $", media.schema, match.schema)


def _requirement(place: str, *, theirs: bool, ours: bool) -> Iterator[tuple[str, str]]:
    if theirs and not ours:
        yield place, "is required there, optional here"
    elif ours and not theirs:
        yield place, "is optional there, required here"


def _essence(media_type: str) -> str:
    return media_type.partition(";")[0].strip().lower()
