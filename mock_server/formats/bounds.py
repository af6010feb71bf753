"""Error messages for values outside the bounds that ``msgspec.Meta`` declares on the fields of structs.

msgspec's message has only the violated bound, in its own notation; these messages have the whole range.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import inspect as types

Keys = tuple[str | int, ...]
"""Path of a key; list entries are indexes: ``("stages", 1, "for")``."""
_OUTSIDE = re.compile(r"Expected `\w+`(?: of length)? [<>]=? \S+")


def split_message(error: msgspec.ValidationError) -> tuple[str, Keys]:
    """Split msgspec's message into the reason and the keys of the value."""
    reason, _, path = str(error).partition(" - at `$")
    return reason, tuple(int(key) if key.isdigit() else key for key in re.findall(r"\w+", path))


def range_sentence(reason: str, shape: Any, keys: Keys) -> str | None:  # noqa: ANN401 - any type that msgspec converts to
    """Return the range of the value at ``keys`` in ``shape``: ``must be from 400 to 599``; None for other errors."""
    if not _OUTSIDE.fullmatch(reason):
        return None
    return next(
        (f"must {allowed}" for kind in _types_at(types.type_info(shape), keys) if (allowed := _allowed(kind))), None
    )


def _types_at(kind: types.Type, keys: Keys) -> Iterator[types.Type]:
    """Yield the types that the value at these keys may have."""
    match kind:
        case types.UnionType(types=choices):
            for choice in choices:
                yield from _types_at(choice, keys)
        case _ if not keys:
            yield kind
        case types.StructType(fields=fields):
            for field in fields:
                if field.encode_name == keys[0]:
                    yield from _types_at(field.type, keys[1:])
        case types.VarTupleType(item_type=items) | types.ListType(item_type=items):
            yield from _types_at(items, keys[1:])


def _allowed(kind: types.Type) -> str:
    """Return the allowed values of a type as text after "must"; empty if the type has no bounds."""
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
    return " and ".join(text.format(limit) for limit, text in limits if limit is not None)
