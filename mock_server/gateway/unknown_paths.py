"""Answers to paths that no endpoint has: the successor of a call of REST API V1, or the nearest endpoint.

An answer is computed for an unknown path only, from a bounded part of the path, and cached.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from difflib import SequenceMatcher
from functools import lru_cache
from operator import attrgetter
from typing import NamedTuple

from pass_harness.mock_server.adobe import version1
from pass_harness.mock_server.gateway.endpoint import Endpoint
from pass_harness.mock_server.gateway.path_tree import PathTree
from pass_harness.mock_server.space_paths import merge_slashes

NOT_FOUND = "Not Found"
_MAX_LENGTH_DIFFERENCE = 3
"""Difference in segments from a path up to which the path of an endpoint is compared."""
_MAX_SEGMENT = 40
"""Characters of a segment that are compared and shown."""
_MAX_PATH = 512
_CACHE_SIZE = 256
_PARAMETER, _OTHER_METHOD, _MISSING, _EXTRA, _SWAP = 10, 30, 50, 60, 60
"""Costs of differences between a path and that of an endpoint, in hundredths of a segment."""
_MAX_COST_PER_SEGMENT = 35
"""Cost up to which an endpoint is near: few segments are missing or unrelated."""
_MIN_SIMILARITY = 0.6
"""Similarity from which two segments count as one with a typing error."""

_Change = tuple[str, ...]
"""A change to make, and the texts in its sentence."""
_SENTENCES = {
    "add": 'add "{}"',
    "remove": 'remove "{}"',
    "replace": 'write "{}" instead of "{}"',
    "swap": 'swap "{}" and "{}"',
    "method": "use {} instead of {}",
}


class _Alignment(NamedTuple):
    """The cheapest way from a path to the path of an endpoint: its cost, and the changes to make."""

    cost: int
    changes: tuple[_Change, ...]

    def plus(self, cost: int, *change: str) -> _Alignment:
        return _Alignment(self.cost + cost, (*self.changes, change) if change else self.changes)


_cost = attrgetter("cost")


class UnknownPaths:
    """Explanations of unknown paths, from the table of endpoints."""

    def __init__(self, endpoints: Sequence[Endpoint]) -> None:
        self._endpoints = {endpoint.id: endpoint for endpoint in endpoints}
        self._templates = [
            (endpoint, tuple(path.split("/")[1:])) for endpoint in endpoints for path in endpoint.paths
        ]
        self._version1 = PathTree(version1.SUCCESSORS.items())
        self._cached = lru_cache(maxsize=_CACHE_SIZE)(self._explain)

    def explain(self, method: str, path: str) -> str:
        """Return the body of the 404 for a request; it quotes ``path``, whose secrets must be masked."""
        return self._cached(method[:_MAX_SEGMENT], path[:_MAX_PATH])

    def _explain(self, method: str, path: str) -> str:
        merged = merge_slashes(path)
        reason = self._successor(method, merged) or self._near_miss(method, path, merged)
        return f"{NOT_FOUND}. {reason}" if reason else NOT_FOUND

    def _successor(self, method: str, path: str) -> str | None:
        """Return what replaces a call of REST API V1; None for any other path."""
        if not path.startswith(version1.PREFIXES):
            return None
        if path.startswith(version1.INDIVIDUALIZATION):
            return (
                "The mock does not simulate the individualization of Adobe's SDKs. In REST API V2, the header "
                "AP-Device-Identifier identifies a device."
            )
        refusal = "The mock does not simulate REST API V1."
        found = self._version1.find(path.rstrip("/"))
        if found is None:
            return f"{refusal} The FAQs of REST API V2 list the calls that replace those of V1."
        successors = found[0].get(method, found[0][version1.ANY])
        calls = [_named(self._endpoints[id_]) for id_ in successors if id_ in self._endpoints]
        return f"{refusal} In V2, use {_alternatives(calls)}." if calls else f"{refusal} V2 has no such call."

    def _near_miss(self, method: str, path: str, merged: str) -> str | None:
        """Return the nearest endpoint and what to change in the request; None if no endpoint is near."""
        segments = [segment[:_MAX_SEGMENT] for segment in merged.strip("/").split("/")]
        near = [
            (alignment, endpoint)
            for endpoint, template in self._templates
            if abs(len(segments) - len(template)) <= _MAX_LENGTH_DIFFERENCE
            and (alignment := _aligned(segments, template, method, endpoint.method)).cost
            <= _MAX_COST_PER_SEGMENT * max(len(segments), len(template))
        ]
        if not near:
            return None
        (_, changes), endpoint = min(near, key=lambda candidate: candidate[0].cost)
        if merged != path:
            changes = (("replace", "/", "//"), *changes)
        sentences = [_SENTENCES[kind].format(*texts) for kind, *texts in changes]
        return f"The nearest endpoint is {_named(endpoint)}: {', '.join(sentences)}."


def _aligned(segments: Sequence[str], template: Sequence[str], method: str, wanted: str) -> _Alignment:
    """Return the alignment of a path with the path of an endpoint (edit distance with swaps, over segments)."""
    rows: list[list[_Alignment]] = []
    for given in range(len(segments) + 1):
        row: list[_Alignment] = []
        for needed in range(len(template) + 1):
            candidates = [_Alignment(0, ())] if given == needed == 0 else []
            if given:
                candidates.append(rows[given - 1][needed].plus(_EXTRA, "remove", segments[given - 1]))
            if needed:
                candidates.append(row[needed - 1].plus(_MISSING, "add", template[needed - 1]))
            if given and needed:
                before = rows[given - 1][needed - 1]
                candidates.extend(_with_segment(before, segments[given - 1], template[needed - 1]))
            if given > 1 and needed > 1:
                first, second = segments[given - 2 : given]
                if _is_swapped(first, second, template[needed - 2], template[needed - 1]):
                    candidates.append(rows[given - 2][needed - 2].plus(_SWAP, "swap", first, second))
            row.append(min(candidates, key=_cost))
        rows.append(row)
    found = rows[-1][-1]
    return found if method == wanted else found.plus(_OTHER_METHOD, "method", wanted, method)


def _with_segment(before: _Alignment, segment: str, wanted: str) -> Iterator[_Alignment]:
    """Yield the alignment with one more segment in the place of that of an endpoint, unless they are unrelated."""
    if segment == wanted:
        yield before
    elif wanted.startswith("{"):
        yield before.plus(_PARAMETER) if segment else before.plus(_MISSING, "add", wanted)
    elif (similarity := _similarity(segment, wanted)) >= _MIN_SIMILARITY:
        yield before.plus(round(100 - 90 * similarity), "replace", wanted, segment)


@lru_cache(maxsize=4096)
def _similarity(segment: str, wanted: str) -> float:
    return SequenceMatcher(None, segment.lower(), wanted).ratio()


def _is_swapped(first: str, second: str, wanted_first: str, wanted_second: str) -> bool:
    """Return True if a literal of the endpoint and its parameter stand in each other's place."""
    if wanted_first.startswith("{"):
        return first == wanted_second
    return second == wanted_first and (wanted_second.startswith("{") or first == wanted_second)


def _named(endpoint: Endpoint) -> str:
    return f"{endpoint.method} {endpoint.path} ({endpoint.id})"


def _alternatives(calls: Iterable[str]) -> str:
    *others, last = calls
    return f"{', '.join(others)} or {last}" if others else last
