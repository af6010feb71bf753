"""A device keeps its common identifier (X-SSO-ID)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from pass_harness.conformance.bounded import Bounded
from pass_harness.conformance.durations import span
from pass_harness.conformance.facts.shared_facts import SharedFacts
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import NOTHING, ONE_HELD, Broken, Expectations, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Grade, Rule

SAME_VISIT_S = 300.0
"""Seconds in which viewers of one device do not take turns at the identity service more than once."""
IDENTIFIERS = 3
"""Number of identifiers of a device within that time which no viewers explain."""


class _Use(NamedTuple):
    identifier: str
    wall: float
    exchange: int


class CommonIdentifierPersistent(Rule):
    card = Card(
        id="authentication.common-identifier-persistent",
        title="A device keeps its common identifier (X-SSO-ID)",
        grade=Grade.SHOULD,
        requirement="The app establishes a unique and persistent identifier of the viewer, from the login with its "
        "own service for example, and sends it in X-SSO-ID each time it creates a service token.",
        breaks="Each new identifier is another SSO profile: the devices of a viewer share nothing, and a viewer "
        "logs in again on each.",
        remedy="Derive X-SSO-ID from the viewer's account, not from a session or at random.",
        kinds=("changed",),
        citations=(citations.SSO_COMMON_IDENTIFIER,),
    )
    watches = frozenset({"sso.token", "logout"})

    def __init__(self, expectations: Expectations, facts: SharedFacts) -> None:
        super().__init__(expectations, facts)
        self._uses: Bounded[str, tuple[_Use, ...]] = Bounded()
        """The latest use of each identifier within a visit, by device."""

    def observe(self, seen: Observation) -> Iterable[Outcome]:
        if isinstance(seen, VerbCall):
            return NOTHING
        name = seen.device or seen.ip
        if seen.endpoint == "logout":
            self._uses.pop(name)
            return NOTHING
        identifier = seen.request_headers.get("x-sso-id", "").strip()
        if not identifier or seen.request_headers.get("x-sso-link"):
            return NOTHING
        earlier = [use for use in self._uses.get(name) or () if seen.wall - use.wall <= SAME_VISIT_S]
        others = tuple(use for use in earlier if use.identifier != identifier)
        uses = (*others, _Use(identifier, seen.wall, seen.id))
        self._uses.put(name, uses[-IDENTIFIERS:])
        if len(uses) >= IDENTIFIERS:
            return (
                Broken(
                    kind="changed",
                    exchanges=tuple(use.exchange for use in uses),
                    device=seen.device,
                    expected="one X-SSO-ID for all service tokens of a viewer",
                    observed=f"{len(uses)} identifiers of one device within {span(seen.wall - uses[0].wall)}",
                ),
            )
        return ONE_HELD if len(others) < len(earlier) else NOTHING
