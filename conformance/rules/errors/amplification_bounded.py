"""One request of the app causes few calls to Adobe Pass."""

from __future__ import annotations

from collections.abc import Iterator

from pass_harness.conformance.facts.exchanges import NEEDS_TOKEN, signature
from pass_harness.conformance.facts.retry_series import TRIES, backs_off, pauses_s
from pass_harness.conformance.facts.tokens import rejects_token
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import HELD, Broken, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Grade, Rule
from pass_harness.mock_server.exchange import Exchange

CALLS = {"start": 2, "providers": 1, "login": 4, "enter_code": 2, "arrived": 1, "status": 1, "play": 2, "logout": 2}
"""Number of calls that each verb may need; preauthorize needs one for each batch, and one more."""
COUNTED = NEEDS_TOKEN - {"profiles.code"}
"""Polls run in the background and have their own rules; registration is shared by all viewers."""


class AmplificationBounded(Rule):
    card = Card(
        id="errors.amplification-bounded",
        title="One request of the app causes few calls to Adobe Pass, even in an outage",
        grade=Grade.OWN,
        requirement="The number of calls that one request of the app causes stays within a budget of four tries of "
        "the calls that it needs: 8 for start, enter_code, play and logout, 16 for login, 4 for the others, and 4 "
        "for each batch of a preauthorization plus 4 more. Polls, registration, calls whose access token was "
        "rejected, and further tries with exponential backoff do not count.",
        breaks="In an outage, each viewer who tries again multiplies the load, and Adobe throttles every viewer.",
        remedy="Retry in one layer only, cache successful responses, and do not call other endpoints as a "
        "workaround.",
        kinds=("too-many-calls",),
        citations=(citations.COOKBOOK_ENVIRONMENTS, citations.THROTTLING_LIMITS, citations.ERRORS_HANDLING),
        needs=frozenset({"login", "status", "play"}),
        judges_app=True,
    )
    watches = frozenset[str]()

    def observe(self, seen: Observation) -> Iterator[Outcome]:
        if not isinstance(seen, VerbCall):
            return
        # A revoked token costs one more call for any request; another rule limits that.
        calls = [call for call in self.facts.devices.caused(seen, *COUNTED) if not rejects_token(call)]
        if not calls:
            return
        budget = self._budget(seen)
        if len(calls) <= budget or _counted(calls) <= budget:
            yield HELD
            return
        yield Broken(
            kind="too-many-calls",
            subject=seen.verb,
            exchanges=tuple(exchange.id for exchange in calls),
            device=seen.device,
            expected=f"at most {budget} calls for {seen.verb}",
            observed=f"{len(calls)} calls: {', '.join(dict.fromkeys(exchange.endpoint for exchange in calls))}",
        )

    def _budget(self, call: VerbCall) -> int:
        if call.verb != "preauthorize":
            return TRIES * CALLS.get(call.verb, 1)
        resources = call.arguments.get("resources")
        asked = len(resources) if isinstance(resources, list) else 1
        batches = -(-asked // self.expectations.preauthorize_limit)
        return TRIES * (batches + 1)


def _counted(calls: list[Exchange]) -> int:
    """Return the number of calls, with at most `TRIES` of the same one if its retries have exponential backoff."""
    same: dict[tuple[str, ...], list[Exchange]] = {}
    for call in calls:
        same.setdefault(signature(call), []).append(call)
    return sum(TRIES if len(tries) > TRIES and backs_off(pauses_s(tries)) else len(tries) for tries in same.values())
