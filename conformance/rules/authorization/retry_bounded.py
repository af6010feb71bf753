"""Authorizations are retried a limited number of times."""

from __future__ import annotations

from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Severity
from pass_harness.conformance.rules.retries import RetryBounded


class AuthorizationRetryBounded(RetryBounded):
    endpoint = "decisions.authorize"
    watches = frozenset({endpoint})
    card = Card(
        id="authorization.retry-bounded",
        title="The service retries an authorization at most twice",
        severity=Severity.MUST,
        requirement="The service requests a decision again only if its error has the action retry, three times in "
        "all for one playback.",
        breaks="While a TV provider has a failure, endless retries prolong it.",
        remedy="After an error with the action retry, request the decision again at most twice, then show the error "
        "to the viewer.",
        kinds=("too-many-tries", "decided-asked-again"),
        citations=(citations.CHECKLIST_AUTHORIZATION_RETRY, citations.ERRORS_HANDLING),
    )
