"""Untrusted text for a terminal, a log or a report: secrets masked, control characters escaped."""

from __future__ import annotations

from typing import Any, TypeVar, cast

import msgspec

from pass_harness.mock_server.formats.printable import printable, printable_block, printable_lines
from pass_harness.mock_server.journal.masking import mask_text

__all__ = ["presentable", "printable", "printable_lines"]

T = TypeVar("T")


def presentable(content: T) -> T:
    """Return a report with all of its texts masked and printable, at any level.

    Rules and drivers quote requests and answers. So this is the last step of each report, whatever they quote.
    """
    return cast("T", _presentable(content))


def _presentable(content: Any) -> Any:  # noqa: ANN401 (the members of any struct)
    match content:
        case str():
            return printable_block(mask_text(content)) if type(content) is str else content
        case list():
            return [_presentable(item) for item in content]
        case tuple():
            return tuple([_presentable(item) for item in content])
        case dict():
            return {_presentable(name): _presentable(member) for name, member in content.items()}
        case msgspec.Struct():
            members = {name: _presentable(getattr(content, name)) for name in content.__struct_fields__}
            return msgspec.structs.replace(content, **members)
    return content
