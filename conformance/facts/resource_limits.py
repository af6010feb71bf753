"""The limit of resources in a decisions request, as agreed with the TV providers."""

from __future__ import annotations

from pass_harness.conformance.facts.exchanges import decisions, resources
from pass_harness.conformance.outcomes import HELD, Broken, Outcome
from pass_harness.mock_server.exchange import Exchange


def within_limit(asking: Exchange, limit: int) -> Outcome:
    """Return `HELD` if a decisions request names no more resources than agreed, else the finding.

    ``limit`` is the usual number. A larger request that Adobe Pass decided is within the limit of its TV provider.
    """
    asked = len(resources(asking))
    if asked <= limit or len(decisions(asking)) > limit:
        return HELD
    return Broken(
        kind="too-many-resources",
        exchanges=(asking.id,),
        device=asking.device,
        expected=f"at most {limit} resource{'s' if limit > 1 else ''} in one request",
        observed=f"{asked} resources in one request",
    )
