"""Comparison of an answer with a sample: literal values must be equal, placeholders must match their kind.

A pattern is JSON in which ``<kind>`` stands for a value that differs from call to call. Members compare exactly at
every level, with two exceptions, each with its reason in this file: ``"+name"`` is a member that the answer has
and the sample lacks, and ``"…"`` lets an object or a list have more members than the sample shows.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

ADDED = {
    "+trace": "the page of error codes describes a trace for every error, and some samples show one",
    "+notBefore": "decisions carry the times of the permit on the API page and in its samples",
    "+notAfter": "decisions carry the times of the permit on the API page and in its samples",
}
OPEN = {
    "attributes": "the user metadata depends on the MVPD; the samples show three sets for one MVPD",
    "mvpds": "the sample's MVPDs are an excerpt: other samples use integrations of REF30 that it omits",
}
KINDS: dict[str, str] = {
    "ms text": r"1[0-9]{12}",
    "uuid": r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
    "code": r"[A-Z0-9]{7}",
    "six digits": r"[0-9]{6}",
    "text": r".+",
    "rest": r"\S+",
    "port": r"[0-9]{1,5}",
    "base64": r"[A-Za-z0-9+/]{40,}={0,2}",
    "40 hex": r"[0-9a-f]{40}",
    "cookie": r"[A-Za-z0-9+/]+",
    "http date": r"[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT",
}
"""Kinds of text as regular expressions; they can stand inside a longer text."""
_PLACEHOLDER = re.compile(r"<([a-z0-9 ]+)>")


def _integer(low: int, high: int) -> Callable[[object], bool]:
    return lambda value: type(value) is int and low <= value < high


def _metadata(state: str) -> Callable[[object], bool]:
    return lambda value: (
        isinstance(value, dict)
        and set(value) == {"value", "state"}
        and isinstance(value["value"], str)
        and value["value"] != ""
        and value["state"] == state
    )


WHOLE: dict[str, Callable[[object], bool]] = {
    "<ms>": _integer(10**12, 10**13),
    "<seconds>": _integer(10**9, 10**10),
    "<plain>": _metadata("plain"),
    "<enc>": _metadata("enc"),
}
"""Kinds of values that a regular expression cannot check."""


def mismatches(pattern: object, actual: object, values: Mapping[str, str], place: str = "$") -> Iterator[str]:
    """Yield a sentence for each difference; ``values`` are the placeholders of this call."""
    if isinstance(pattern, dict):
        if isinstance(actual, dict):
            yield from _object(pattern, actual, values, place)
        else:
            yield f"{place} is {actual!r} and should be an object"
    elif isinstance(pattern, list):
        if isinstance(actual, list):
            yield from _list(pattern, actual, values, place)
        else:
            yield f"{place} is {actual!r} and should be a list"
    elif not _is(pattern, actual, values):
        yield f"{place} is {actual!r} and should be {pattern!r}"


def _object(pattern: dict[str, Any], actual: dict[str, Any], values: Mapping[str, str], place: str) -> Iterator[str]:
    wanted = {_name(name): value for name, value in pattern.items() if name != "…"}
    if "…" in pattern and pattern["…"] not in OPEN:
        yield f"{place} may have more without a reason"
    for name in wanted.keys() - actual.keys():
        yield f"{place}.{name} is missing"
    for name in actual.keys() - wanted.keys() if "…" not in pattern else ():
        yield f"{place}.{name} is not in the sample"
    for name in wanted.keys() & actual.keys():
        yield from mismatches(wanted[name], actual[name], values, f"{place}.{name}")


def _name(name: str) -> str:
    if not name.startswith("+"):
        return name
    if name not in ADDED:
        raise ValueError(f"{name} is added without a reason")
    return name[1:]


def _list(pattern: list[Any], actual: list[Any], values: Mapping[str, str], place: str) -> Iterator[str]:
    if isinstance(pattern[-1], str) and pattern[-1].removeprefix("… ") in OPEN:
        found = {entry["id"]: entry for entry in actual}
        pattern, actual = pattern[:-1], [found.get(entry["id"], "missing") for entry in pattern[:-1]]
    if len(pattern) != len(actual):
        yield f"{place} has {len(actual)} elements and should have {len(pattern)}"
    for index, (wanted, element) in enumerate(zip(pattern, actual, strict=False)):
        yield from mismatches(wanted, element, values, f"{place}[{index}]")


def _is(pattern: object, actual: object, values: Mapping[str, str]) -> bool:
    if not isinstance(pattern, str):
        return type(pattern) is type(actual) and pattern == actual
    if pattern in WHOLE:
        return WHOLE[pattern](actual)
    return isinstance(actual, str) and re.fullmatch(_expression(pattern, values), actual) is not None


def _expression(pattern: str, values: Mapping[str, str]) -> str:
    parts = _PLACEHOLDER.split(pattern)
    return "".join(
        (re.escape(values[part]) if part in values else KINDS[part]) if index % 2 else re.escape(part)
        for index, part in enumerate(parts)
    )
