"""An authorization that may be retried is retried a few times."""

from __future__ import annotations

from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Severity
from pass_harness.conformance.rules.retries import RetryBounded


class AuthorizationRetryBounded(RetryBounded):
    endpoint = "decisions.authorize"
    watches = frozenset({endpoint})
    card = Card(
        id="authorization.retry-bounded",
        title="Authorizations are retried at most twice",
        severity=Severity.MUST,
        requirement="A decision is asked for again only where its error has the action retry, three times in all for "
        "one playback.",
        breaks="While a TV provider is in trouble, endless retries make sure that it stays so.",
        remedy="After an error with the action retry ask again at most twice, then tell the viewer.",
        kinds=("too-many-tries", "decided-asked-again"),
        citations=(citations.CHECKLIST_AUTHORIZATION_RETRY, citations.ERRORS_HANDLING),
    )
