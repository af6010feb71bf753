"""Sentences about values outside the bounds that ``msgspec.Meta`` declares on the fields of structs.

msgspec names only the bound that a value violates, in its own notation; a person needs the whole range.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import inspect as types

Keys = tuple[str | int, ...]
"""The way to a key; an entry of a list goes by its index: ``("stages", 1, "for")``."""
_OUTSIDE = re.compile(r"Expected `\w+`(?: of length)? [<>]=? \S+")


def what_and_where(error: msgspec.ValidationError) -> tuple[str, Keys]:
    """Split msgspec's message into its sentence and the keys of the value."""
    what, _, place = str(error).partition(" - at `$")
    return what, tuple(int(key) if key.isdigit() else key for key in re.findall(r"\w+", place))


def range_sentence(what: str, shape: Any, keys: Keys) -> str | None:  # noqa: ANN401 - whatever msgspec converts to
    """Return the range of the value at ``keys`` in ``shape``: ``must be from 400 to 599``; None for other errors."""
    if not _OUTSIDE.fullmatch(what):
        return None
    return next(
        (f"must {allowed}" for kind in _reached(types.type_info(shape), keys) if (allowed := _allowed(kind))), None
    )


def _reached(kind: types.Type, keys: Keys) -> Iterator[types.Type]:
    """The types that a value at these keys may have."""
    match kind:
        case types.UnionType(types=choices):
            for choice in choices:
                yield from _reached(choice, keys)
        case _ if not keys:
            yield kind
        case types.StructType(fields=fields):
            for field in fields:
                if field.encode_name == keys[0]:
                    yield from _reached(field.type, keys[1:])
        case types.VarTupleType(item_type=items) | types.ListType(item_type=items):
            yield from _reached(items, keys[1:])


def _allowed(kind: types.Type) -> str:
    """The values that a type allows, as they follow "must"; empty if it has no bounds."""
    match kind:
        case types.IntType(ge=least, gt=above, le=most) | types.FloatType(ge=least, gt=above, le=most):
            return f"be {limits}" if (limits := _limits(least, above, most)) else ""
        case types.VarTupleType(min_length=least, max_length=most):
            return f"have {limits} entries" if (limits := _limits(least, None, most)) else ""
    return ""


def _limits(least: float | None, above: float | None, most: float | None) -> str:
    if least is not None and most is not None:
        return f"from {least} to {most}"
    limits = ((least, "{} or more"), (above, "above {}"), (most, "at most {}"))
    return " and ".join(words.format(limit) for limit, words in limits if limit is not None)
