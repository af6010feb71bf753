"""Unknown response members and error codes cause no failure."""

from __future__ import annotations

from collections.abc import Iterator

from pass_harness.conformance.facts.actions import service_failed
from pass_harness.conformance.facts.documented import unknown_codes, unknown_members
from pass_harness.conformance.facts.exchanges import NEEDS_TOKEN, is_server_failure
from pass_harness.conformance.facts.shared_facts import SharedFacts
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import HELD, Broken, Expectations, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Grade, Rule
from pass_harness.mock_server.exchange import Exchange


class UnknownTolerated(Rule):
    card = Card(
        id="errors.unknown-tolerated",
        title="Unknown response members and error codes cause no failure",
        grade=Grade.MUST,
        requirement="Adobe Pass may add members to its responses and codes to its errors. The service ignores "
        "unknown members and handles errors with an unknown code by their action.",
        breaks="The day on which Adobe adds something becomes the day of an outage.",
        remedy="Read the members that you need from a response and ignore the rest; decide by the error's action.",
        kinds=("service-failed",),
        citations=(citations.ERRORS_HANDLING, citations.ERRORS_LIST),
        needs=frozenset({"login"}),
        judges_app=True,
    )
    watches = frozenset[str]()

    def __init__(self, expectations: Expectations, facts: SharedFacts) -> None:
        super().__init__(expectations, facts)

    def observe(self, seen: Observation) -> Iterator[Outcome]:
        if not isinstance(seen, VerbCall):
            return
        answers = self.facts.devices.during(seen, *NEEDS_TOKEN)
        unknown = [answer for answer in answers if unknown_members(answer) or unknown_codes(answer)]
        if not unknown or any(map(is_server_failure, answers)):
            return
        if not service_failed(seen):
            yield HELD
            return
        yield Broken(
            kind="service-failed",
            subject=seen.verb,
            exchanges=tuple(exchange.id for exchange in unknown),
            device=seen.device,
            expected=f"a successful {seen.verb} despite {_describe(unknown)}",
            observed=f"the verb {seen.verb} failed: {seen.failure}",
        )


def _describe(unknown: list[Exchange]) -> str:
    codes = dict.fromkeys(code for exchange in unknown for code in unknown_codes(exchange))
    members = dict.fromkeys(name for exchange in unknown for name in unknown_members(exchange))
    parts = (
        f"the unknown code {', '.join(codes)}" if codes else "",
        f"the unknown member {', '.join(members)}" if members else "",
    )
    return " and ".join(filter(None, parts))
