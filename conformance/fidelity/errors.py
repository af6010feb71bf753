"""Errors of recorded answers, compared with the mock's table of codes: status, action, text and level of each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pass_harness.conformance.fidelity.difference import Difference, one_of
from pass_harness.mock_server.adobe.errors import ENHANCED_ERRORS, HELP_URL, EnhancedError
from pass_harness.mock_server.adobe.sso_errors import SSO_ENDPOINTS, SSO_ERROR_ROWS

ACTIONS = frozenset(error.action for error in (*ENHANCED_ERRORS.values(), *SSO_ERROR_ROWS))
_DECISIONS = "decisions."
_ONLY_TOP_LEVEL = "too_many_resources"
_OF_TEMPPASS = frozenset({"invalid_configuration_temporary_access", "invalid_header_identity_for_temporary_access"})


def code_of(body: object) -> str | None:
    """Return the documented code of an enhanced error, or None."""
    code = body.get("code") if isinstance(body, dict) else None
    return code if isinstance(code, str) and code in ENHANCED_ERRORS else None


def differences(endpoint: str, status: int, body: Mapping[str, Any]) -> Iterator[Difference]:
    """Yield where the errors of an answer differ: its own one, or those of decisions."""
    if endpoint.startswith(SSO_ENDPOINTS):
        error = body.get("error")
        if isinstance(error, dict):
            rows = [row for row in SSO_ERROR_ROWS if row.code == error.get("code")]
            yield from _error(error, rows, "$.error", status)
        return
    if status >= 400:
        code = code_of(body)
        yield from _error(body, _rows(code), "$", status)
        if code is not None and endpoint.startswith(_DECISIONS) and _is_item_level(code):
            yield Difference(f"level of {code}", "an error of the whole answer", "an error of a decision")
        return
    decisions = body.get("decisions")
    for decision in decisions if isinstance(decisions, list) else ():
        error = decision.get("error") if isinstance(decision, dict) else None
        if isinstance(error, dict):
            code = code_of(error)
            yield from _error(error, _rows(code), "$.decisions[].error", None)
            if code is not None and not _is_item_level(code):
                yield Difference(f"level of {code}", "an error of a decision", "an error of the whole answer")


def _rows(code: str | None) -> Sequence[EnhancedError]:
    return () if code is None else (ENHANCED_ERRORS[code],)


def _error(
    error: Mapping[str, Any], rows: Sequence[EnhancedError], place: str, status: int | None
) -> Iterator[Difference]:
    """Yield where an error differs from the documented ones of its code."""
    if not rows:
        return  # an undocumented code is a difference of the enumeration
    code, statuses = rows[0].code, {str(row.status) for row in rows}
    if status is not None and str(status) not in statuses:
        yield Difference(f"HTTP status of {code}", str(status), one_of(statuses))
    inner = error.get("status")
    if type(inner) is int and str(inner) not in statuses:
        written = str(inner) if 100 <= inner < 600 else "no status"
        yield Difference(f"{place}.status of {code}", written, one_of(statuses))
    action, actions = error.get("action"), {row.action for row in rows}
    if isinstance(action, str) and action in ACTIONS and action not in actions:
        yield Difference(f"{place}.action of {code}", action, one_of(actions))
    if isinstance(error.get("message"), str) and error["message"] not in {row.message for row in rows}:
        yield Difference(f"{place}.message of {code}", "another text", "the documented text")
    if isinstance(error.get("helpUrl"), str) and error["helpUrl"] != HELP_URL:
        yield Difference(f"{place}.helpUrl", "another URL", "the URL of the samples")


def _is_item_level(code: str) -> bool:
    """Return whether a code belongs to a decision, at the decision endpoints."""
    return code in _OF_TEMPPASS or (ENHANCED_ERRORS[code].status == 403 and code != _ONLY_TOP_LEVEL)
