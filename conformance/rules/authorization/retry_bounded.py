"""Authorizations are retried a limited number of times."""

from __future__ import annotations

from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Grade
from pass_harness.conformance.rules.retries import RetryBounded


class AuthorizationRetryBounded(RetryBounded):
    endpoint = "decisions.authorize"
    watches = frozenset({endpoint})
    card = Card(
        id="authorization.retry-bounded",
        title="The service retries an authorization at most three times, or with exponential backoff",
        grade=Grade.MUST,
        requirement="The service requests a decision again only if its error has the action retry: at most three "
        "times for one playback, or a limited number of times with exponential backoff.",
        breaks="While a TV provider has a failure, endless retries prolong it.",
        remedy="After an error with the action retry, request the decision again two or three times, then show the "
        "error to the viewer.",
        kinds=("too-many-tries", "decided-asked-again"),
        citations=(citations.CHECKLIST_AUTHORIZATION_RETRY, citations.ERRORS_HANDLING),
    )
