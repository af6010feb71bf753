"""Errors of recorded answers, compared with the mock's table of codes: status, action, text and level of each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pass_harness.conformance.fidelity.difference import Difference
from pass_harness.mock_server.adobe.errors import ENHANCED_ERRORS, HELP_URL

ACTIONS = frozenset(error.action for error in ENHANCED_ERRORS.values())
_DECISIONS = "decisions."
_ONLY_TOP_LEVEL = "too_many_resources"
_OF_TEMPPASS = frozenset({"invalid_configuration_temporary_access", "invalid_header_identity_for_temporary_access"})


def code_of(body: object) -> str | None:
    """Return the documented code of an enhanced error, or None."""
    code = body.get("code") if isinstance(body, dict) else None
    return code if isinstance(code, str) and code in ENHANCED_ERRORS else None


def differences(endpoint: str, status: int, body: Mapping[str, Any]) -> Iterator[Difference]:
    """Yield where the enhanced errors of an answer differ, its top-level one or those of decisions."""
    if status >= 400:
        yield from _error(body, "$", status)
        code = code_of(body)
        if code is not None and endpoint.startswith(_DECISIONS) and _is_item_level(code):
            yield Difference(f"level of {code}", "an error of the whole answer", "an error of a decision")
        return
    decisions = body.get("decisions")
    for decision in decisions if isinstance(decisions, list) else ():
        error = decision.get("error") if isinstance(decision, dict) else None
        if isinstance(error, dict):
            yield from _error(error, "$.decisions[].error", None)
            code = code_of(error)
            if code is not None and not _is_item_level(code):
                yield Difference(f"level of {code}", "an error of a decision", "an error of the whole answer")


def _error(error: Mapping[str, Any], place: str, status: int | None) -> Iterator[Difference]:
    code = code_of(error)
    if code is None:
        return  # an undocumented code is a difference of the enumeration
    known = ENHANCED_ERRORS[code]
    if status is not None and status != known.status:
        yield Difference(f"HTTP status of {code}", str(status), str(known.status))
    inner = error.get("status")
    if type(inner) is int and inner != known.status:
        yield Difference(
            f"{place}.status of {code}", str(inner) if 100 <= inner < 600 else "no status", str(known.status)
        )
    action = error.get("action")
    if isinstance(action, str) and action in ACTIONS and action != known.action:
        yield Difference(f"{place}.action of {code}", action, known.action)
    if isinstance(error.get("message"), str) and error["message"] != known.message:
        yield Difference(f"{place}.message of {code}", "another text", "the documented text")
    if isinstance(error.get("helpUrl"), str) and error["helpUrl"] != HELP_URL:
        yield Difference(f"{place}.helpUrl", "another URL", "the URL of the samples")


def _is_item_level(code: str) -> bool:
    """Return whether a code belongs to a decision, at the decision endpoints."""
    return code in _OF_TEMPPASS or (ENHANCED_ERRORS[code].status == 403 and code != _ONLY_TOP_LEVEL)
