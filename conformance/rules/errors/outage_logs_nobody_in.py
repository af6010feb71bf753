"""An outage of Adobe Pass logs no viewer in."""

from __future__ import annotations

from collections.abc import Iterator

from pass_harness.conformance.bounded import Bounded
from pass_harness.conformance.facts.exchanges import (
    PROFILE_ANSWERS,
    decisions,
    is_server_failure,
    profiles,
)
from pass_harness.conformance.facts.logins import needs_no_login
from pass_harness.conformance.facts.sessions import STARTS
from pass_harness.conformance.facts.shared_facts import SharedFacts
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import HELD, Broken, Expectations, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Grade, Rule
from pass_harness.mock_server.exchange import Exchange

STATES = frozenset({"start", "login", "status"})
"""Verbs that return the state of a login."""


class OutageLogsNobodyIn(Rule):
    card = Card(
        id="errors.outage-logs-nobody-in",
        title="An outage of Adobe Pass logs no viewer in",
        grade=Grade.MUST,
        requirement="The service authenticates a viewer who has no valid profile. If Adobe Pass fails, a device that "
        "never got a profile or another access is not authenticated.",
        breaks="In an outage anybody watches, without a subscription and without a contract that allows it.",
        remedy="Treat a failed call as no answer: keep a stored login, and never assume one.",
        kinds=("login-without-profile",),
        citations=(citations.FAQ_AUTHENTICATION_MANDATORY, citations.COOKBOOK_REQUIREMENTS),
        needs=frozenset({"login", "status"}),
        judges_app=True,
    )
    watches = PROFILE_ANSWERS | STARTS | {"decisions.authorize"}

    def __init__(self, expectations: Expectations, facts: SharedFacts) -> None:
        super().__init__(expectations, facts)
        self._granted: Bounded[str, bool] = Bounded()
        """Names of devices that got an access of any kind."""

    def observe(self, seen: Observation) -> Iterator[Outcome]:
        if not isinstance(seen, VerbCall):
            if _grants(seen):
                for name in self.facts.devices.names(seen):
                    self._granted.put(name, True)
            return
        failed = [one for one in self.facts.devices.during(seen) if is_server_failure(one)]
        granted = any(self._granted.get(name) for name in self.facts.devices.names(seen))
        if seen.verb not in STATES or not failed or granted:
            return
        if seen.returns.get("state") != "authenticated":
            yield HELD
            return
        yield Broken(
            kind="login-without-profile",
            subject=seen.verb,
            exchanges=tuple(exchange.id for exchange in failed),
            device=seen.device,
            expected="a device that is not authenticated: Adobe Pass never returned a profile for it",
            observed=f"the verb {seen.verb} returned the state authenticated while Adobe Pass failed",
        )


def _grants(exchange: Exchange) -> bool:
    if exchange.endpoint in STARTS:
        return needs_no_login(exchange)
    return bool(profiles(exchange)) or any(one.get("authorized") is True for one in decisions(exchange))
