"""A rejected request is not repeated unchanged."""

from __future__ import annotations

from pass_harness.conformance.facts.exchanges import answer, sent_by_browser
from pass_harness.conformance.outcomes import Broken
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Severity
from pass_harness.conformance.rules.retries import NotRepeated
from pass_harness.mock_server.exchange import Exchange


class ClientErrorsNotRetried(NotRepeated):
    card = Card(
        id="errors.client-errors-not-retried",
        title="The service does not repeat a rejected request unchanged",
        severity=Severity.MUST,
        requirement="A 400, 403 or 405 with the action none means that the request itself is wrong. The service "
        "does not send the same request again.",
        breaks="Adobe Pass rejects the same request again: useless load, up to HTTP 429.",
        remedy="Decide on a retry by the error's action and not by the status; log the rejected request, and answer "
        "the app.",
        kinds=("repeated-unchanged",),
        citations=(citations.CHECKLIST_HTTP_ERRORS, citations.CHECKLIST_ENHANCED_ERRORS, citations.ERRORS_ACTION),
    )

    def is_final(self, exchange: Exchange) -> bool:
        return (
            exchange.status in {400, 403, 405}
            and not sent_by_browser(exchange)
            and answer(exchange).get("action", "none") == "none"
        )

    def repeated(self, final: Exchange, seen: Exchange) -> Broken:
        body = answer(final)
        error = body.get("code") or body.get("error") or "no error code"
        return Broken(
            kind="repeated-unchanged",
            subject=seen.endpoint,
            exchanges=(final.id, seen.id),
            device=seen.device,
            expected=f"no repetition after {final.status} {error}",
            observed=f"{seen.method} {seen.path} was sent again after {seen.wall - final.wall:.2f} s",
        )
