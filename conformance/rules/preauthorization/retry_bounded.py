"""Preauthorizations are retried a limited number of times."""

from __future__ import annotations

from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Grade
from pass_harness.conformance.rules.retries import RetryBounded


class PreauthorizationRetryBounded(RetryBounded):
    endpoint = "decisions.preauthorize"
    watches = frozenset({endpoint})
    card = Card(
        id="preauthorization.retry-bounded",
        title="The service retries a preauthorization at most three times, or with exponential backoff",
        grade=Grade.MUST,
        requirement="The service requests a decision again only if its error has the action retry, and only for the "
        "resources with that action: at most three times, or a limited number of times with exponential backoff.",
        breaks="While a TV provider has a failure, endless retries prolong it.",
        remedy="After an error with the action retry, request those resources again two or three times, then "
        "give up.",
        kinds=("too-many-tries", "decided-asked-again"),
        citations=(citations.CHECKLIST_PREAUTHORIZATION_RETRY, citations.ERRORS_HANDLING),
    )
