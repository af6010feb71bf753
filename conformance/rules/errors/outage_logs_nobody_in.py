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
from pass_harness.conformance.facts.logins import is_temporary, needs_no_login
from pass_harness.conformance.facts.sessions import STARTS
from pass_harness.conformance.facts.shared_facts import SharedFacts
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import HELD, Broken, Expectations, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Grade, Rule
from pass_harness.mock_server.exchange import Exchange

STATES = frozenset({"start", "login", "status"})
"""Verbs that return the state of a login."""
LOGINS = PROFILE_ANSWERS | {"sessions.create"}
UNDECIDED = frozenset({401, 429})
"""Statuses after which the request has to be sent again before it gets a response to its question."""


class OutageLogsNobodyIn(Rule):
    card = Card(
        id="errors.outage-logs-nobody-in",
        title="An outage of Adobe Pass logs no viewer in",
        grade=Grade.MUST,
        requirement="The service authenticates a viewer who has no valid profile. If Adobe Pass fails, rejects a "
        "request or finds no profile, a device that never got a profile or another access is not authenticated.",
        breaks="In an outage anybody watches, without a subscription and without a contract that allows it.",
        remedy="Treat a failed call as no answer: keep a stored login, and never assume one.",
        kinds=("login-without-profile",),
        citations=(citations.FAQ_AUTHENTICATION_MANDATORY, citations.COOKBOOK_REQUIREMENTS),
        needs=frozenset({"login", "status"}),
        judges_app=True,
    )
    watches = LOGINS | STARTS | {"decisions.authorize"}

    def __init__(self, expectations: Expectations, facts: SharedFacts) -> None:
        super().__init__(expectations, facts)
        self._granted: Bounded[str, bool] = Bounded()
        """Names of devices that got an access of any kind."""
        self._doubtful: Bounded[str, Broken] = Bounded()
        """First authenticated state of each device without a profile, which may be that of a TempPass."""

    def observe(self, seen: Observation) -> Iterator[Outcome]:
        if not isinstance(seen, VerbCall):
            if _grants(seen):
                for name in self.facts.devices.names(seen):
                    self._granted.put(name, True)
                doubtful = self._doubtful.pop(self.facts.devices.device_of(seen) or "")
                if doubtful is not None and not all(map(is_temporary, profiles(seen).values())):
                    yield doubtful  # a login followed, so that it was no TempPass
            return
        answers = self.facts.devices.during(seen)
        failed = [one for one in answers if is_server_failure(one)]
        without = failed or [one for one in answers if one.endpoint in LOGINS and one.status not in UNDECIDED]
        granted = any(self._granted.get(name) for name in self.facts.devices.names(seen))
        if seen.verb not in STATES or not without or granted:
            return
        if seen.returns.get("state") != "authenticated":
            yield from [HELD] if failed else []  # the opportunity is an outage
            return
        broken = Broken(
            kind="login-without-profile",
            subject=seen.verb,
            exchanges=tuple(exchange.id for exchange in without),
            device=seen.device,
            expected="a device that is not authenticated: Adobe Pass never returned a profile for it",
            observed=f"the verb {seen.verb} returned the state authenticated "
            + ("while Adobe Pass failed" if failed else "after responses without a profile"),
        )
        if failed or any(map(_refuses, without)):
            yield broken
        elif self._doubtful.get(seen.device) is None:
            self._doubtful.put(seen.device, broken)


def _refuses(exchange: Exchange) -> bool:
    """Return whether a response shows that the viewer must log in first."""
    return exchange.status >= 400 or exchange.endpoint in {"sessions.create", "profiles.code"}


def _grants(exchange: Exchange) -> bool:
    if exchange.endpoint in STARTS:
        return needs_no_login(exchange)
    return bool(profiles(exchange)) or any(one.get("authorized") is True for one in decisions(exchange))
