"""The limit of resources in a decisions request, as agreed with the TV providers."""

from __future__ import annotations

from collections.abc import Sequence

from pass_harness.conformance.facts.exchanges import errors, resources
from pass_harness.conformance.outcomes import NOTHING, ONE_HELD, Broken, Outcome
from pass_harness.mock_server.exchange import Exchange

TOO_MANY = "too_many_resources"


def within_limit(asking: Exchange, limit: int) -> Sequence[Outcome]:
    """Return the outcome for a decisions request; none if no answer shows whether it is within the agreed limit.

    ``limit`` is the usual number. A larger request that Adobe Pass decided is within the limit of its TV provider. A
    request that it refused for its size is above it, unless a behaviour of the mock refused it.
    """
    asked = len(resources(asking))
    refused = any(error.get("code") == TOO_MANY for error in errors(asking))
    if refused and asked > 1 and not asking.behaviours:
        return (
            Broken(
                kind="too-many-resources",
                exchanges=(asking.id,),
                device=asking.device,
                expected=f"at most {limit} resource{'s' if limit > 1 else ''} in one request"
                if asked > limit
                else "no more resources in one request than agreed with the TV provider",
                observed=f"{asked} resources in one request",
            ),
        )
    return ONE_HELD if asked <= limit or asking.status == 200 else NOTHING
