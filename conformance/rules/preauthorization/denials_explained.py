"""The app gets a message for each denied preauthorization."""

from __future__ import annotations

from collections.abc import Iterator

from pass_harness.conformance.facts.denial_texts import DenialTexts, says_nothing
from pass_harness.conformance.facts.exchanges import denial
from pass_harness.conformance.facts.preauthorized import preauthorized
from pass_harness.conformance.facts.shared_facts import SharedFacts
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import HELD, Broken, Expectations, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import SERVERS_ONLY, Card, Grade, Rule


class DenialsExplained(Rule):
    card = Card(
        id="preauthorization.denials-explained",
        title="The app gets a message for each denied preauthorization",
        grade=Grade.SHOULD,
        requirement="The service returns a message for each denied resource, made from the error's code, message or "
        "details: one of these, or a text or code of its own for each code.",
        breaks="The viewer does not learn why a programme is locked, and calls support.",
        remedy="Return the details of the decision's error with the denial or, without details, its message.",
        kinds=("no-message", "same-text-for-all"),
        citations=(citations.CHECKLIST_PREAUTHORIZATION_FEEDBACK, citations.FAQ_PREAUTHORIZATION_DENIAL),
        needs=frozenset({"preauthorize", "preauthorize.messages"}),
        judges_app=True,
        architectures=SERVERS_ONLY,
    )
    watches = frozenset[str]()

    def __init__(self, expectations: Expectations, facts: SharedFacts) -> None:
        super().__init__(expectations, facts)
        self._texts = DenialTexts()

    def observe(self, seen: Observation) -> Iterator[Outcome]:
        if not isinstance(seen, VerbCall) or seen.verb != "preauthorize" or seen.failure is not None:
            return
        if "messages" not in seen.returns:
            return  # the driver does not read messages
        asked, latest = preauthorized(seen, self.facts.devices)
        denied = {name: error for name, made in latest.items() if (error := denial(made))}
        messages = seen.returns["messages"]
        silent = [name for name in denied if not _given(messages, name)]
        if silent:
            yield Broken(
                kind="no-message",
                exchanges=tuple(exchange.id for exchange in asked),
                device=seen.device,
                expected="a message for each denied resource",
                observed=f"{silent[0]} was denied, but the app got no message",
            )
        elif denied:
            yield HELD
        for name, error in denied.items():
            if isinstance(messages, dict) and _given(messages, name):
                self._texts.add(error, messages[name], name, asked[-1].id)

    def finish(self) -> Iterator[Outcome]:
        if self._texts.differ is False:
            codes, exchanges = self._texts.examples
            yield Broken(
                kind="same-text-for-all",
                exchanges=exchanges,
                device=None,
                expected=f"a message for each of the codes {', '.join(codes)}",
                observed="the same text for all of them, with none of Adobe's codes, messages or details in it",
            )


def _given(messages: object, resource: str) -> bool:
    """Return whether there is a message for a resource. The form of anything but an object is unknown."""
    return not says_nothing(messages.get(resource)) if isinstance(messages, dict) else bool(messages)
