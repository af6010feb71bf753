"""A rejected request is not repeated unchanged."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pass_harness.conformance.durations import span
from pass_harness.conformance.facts.exchanges import answer, sent_by_browser
from pass_harness.conformance.outcomes import Broken
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Grade
from pass_harness.conformance.rules.retries import NotRepeated
from pass_harness.mock_server.exchange import Exchange

FINAL = frozenset({"none", "configuration", "check_headers", "check_request_body"})
"""Actions after which the same request fails again; the last two are those of the SSO Service."""
REFUSALS = frozenset({400, 403, 404, 405, 410, 412})
"""Statuses with which Adobe Pass rejects a request as wrong. After a 401, a new access token may help."""


class ClientErrorsNotRetried(NotRepeated):
    card = Card(
        id="errors.client-errors-not-retried",
        title="The service does not repeat a rejected request unchanged",
        grade=Grade.MUST,
        requirement="A 400, 403, 404, 405, 410 or 412 with the action none or configuration, or without an action, "
        "means that the request itself is wrong. The service does not send the same request again.",
        breaks="Adobe Pass rejects the same request again: useless load, up to HTTP 429.",
        remedy="Decide on a retry by the error's action and not by the status; log the rejected request, and answer "
        "the app.",
        kinds=("repeated-unchanged",),
        citations=(citations.CHECKLIST_HTTP_ERRORS, citations.CHECKLIST_ENHANCED_ERRORS, citations.ERRORS_ACTION),
    )

    def is_final(self, exchange: Exchange) -> bool:
        return (
            exchange.status in REFUSALS
            and exchange.endpoint != ""  # a health check may call a path that Adobe Pass does not know
            and not sent_by_browser(exchange)
            and _error(exchange).get("action", "none") in FINAL
        )

    def repeated(self, final: Exchange, seen: Exchange) -> Broken:
        body = _error(final)
        error = body.get("code") or body.get("error") or "no error code"
        return Broken(
            kind="repeated-unchanged",
            subject=seen.endpoint,
            exchanges=(final.id, seen.id),
            device=seen.device,
            expected=f"no repetition after {final.status} {error}",
            observed=f"{seen.method} {seen.path} was sent again after {span(seen.wall - final.wall)}",
        )


def _error(exchange: Exchange) -> Mapping[str, Any]:
    """Return the error of a response; the SSO Service nests it."""
    body = answer(exchange)
    nested = body.get("error")
    return nested if isinstance(nested, dict) else body
