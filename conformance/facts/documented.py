"""Members and error codes that Adobe's pages document, and those of responses beyond them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from pass_harness.conformance.facts.exchanges import answer, errors
from pass_harness.mock_server.adobe import models
from pass_harness.mock_server.adobe.errors import ENHANCED_ERRORS
from pass_harness.mock_server.exchange import Exchange


def _members() -> frozenset[str]:
    structs = [
        value for value in vars(models).values() if isinstance(value, type) and issubclass(value, msgspec.Struct)
    ]
    return frozenset(name for struct in structs for name in struct.__struct_encode_fields__)


MEMBERS = _members()
"""Member names of all responses of the documented API, at any level."""


def unknown_members(exchange: Exchange) -> tuple[str, ...]:
    """Return the top-level members of a response that no page documents."""
    return tuple(name for name in answer(exchange) if name not in MEMBERS)


def unknown_codes(exchange: Exchange) -> tuple[str, ...]:
    """Return the codes of enhanced errors that no page documents."""
    return tuple(code for error in errors(exchange) if (code := _code(error)) and code not in ENHANCED_ERRORS)


def _code(error: Mapping[str, Any]) -> str:
    return str(error.get("code", ""))
