"""A preauthorization that may be retried is retried a few times, and only where it may."""

from __future__ import annotations

from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Severity
from pass_harness.conformance.rules.retries import RetryBounded


class PreauthorizationRetryBounded(RetryBounded):
    endpoint = "decisions.preauthorize"
    watches = frozenset({endpoint})
    card = Card(
        id="preauthorization.retry-bounded",
        title="Preauthorizations are retried at most twice",
        severity=Severity.MUST,
        requirement="A decision is asked for again only where its error has the action retry, three times in all, "
        "and only for the resources so marked.",
        breaks="While a TV provider is in trouble, endless retries make sure that it stays so.",
        remedy="After an error with the action retry ask again for those resources, at most twice, then give up.",
        kinds=("too-many-tries", "decided-asked-again"),
        citations=(citations.CHECKLIST_PREAUTHORIZATION_RETRY, citations.ERRORS_HANDLING),
    )
