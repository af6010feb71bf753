"""A typed code is checked before its login page is opened."""

from __future__ import annotations

from collections.abc import Iterator

from pass_harness.conformance.bounded import Bounded
from pass_harness.conformance.facts.actions import service_failed
from pass_harness.conformance.facts.devices import SLACK_S
from pass_harness.conformance.facts.exchanges import allows_retry
from pass_harness.conformance.facts.shared_facts import SharedFacts
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import HELD, Broken, Expectations, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Grade, Rule
from pass_harness.mock_server.exchange import Exchange

NOT_FOUND = frozenset({400, 404})
"""Statuses of a response for a code that Adobe Pass does not know."""


class CodeValidatedOnSecondScreen(Rule):
    card = Card(
        id="authentication.code-validated-on-second-screen",
        title="The service checks a code typed on a second screen before it opens the login page",
        grade=Grade.SHOULD,
        requirement="The service checks the code that a viewer typed by retrieving or resuming its session before "
        "it opens the authenticate URL. If Adobe Pass does not know the code, the service informs the viewer.",
        breaks="A viewer who mistypes the code lands on an error page of Adobe Pass that offers no way back.",
        remedy="Call GET sessions/{code} (or POST, to resume it) first, and show the viewer an error if the code is "
        "unknown.",
        kinds=("not-looked-up", "opened-though-not-found", "service-failed", "no-error-returned"),
        citations=(citations.CHECKLIST_CODE_VALIDATION,),
        needs=frozenset({"enter_code"}),
        judges_app=True,
    )
    watches = frozenset({"sessions.retrieve", "sessions.resume"})

    def __init__(self, expectations: Expectations, facts: SharedFacts) -> None:
        super().__init__(expectations, facts)
        self._checked: Bounded[str, Exchange] = Bounded()

    def observe(self, seen: Observation) -> Iterator[Outcome]:
        if not isinstance(seen, VerbCall):
            if seen.endpoint in {"sessions.retrieve", "sessions.resume"} and seen.code:
                self._checked.put(seen.code, seen)
            return
        if seen.verb != "enter_code":
            return
        # The check comes from the second screen's address, so it is the code that links it to the verb.
        code = str(seen.arguments.get("code"))
        check = self._checked.get(code)
        asked = check if check is not None and check.wall >= seen.started - SLACK_S else None
        if asked is not None and allows_retry(asked):
            return  # Adobe Pass did not tell whether it knows the code
        if seen.returns.get("url"):
            yield self._opened(code, asked, seen)
        elif asked is not None and asked.status in NOT_FOUND:
            yield self._rejected(code, asked, seen)

    def _opened(self, code: str, check: Exchange | None, call: VerbCall) -> Outcome:
        if check is not None and check.status == 200:
            return HELD
        return Broken(
            kind="opened-though-not-found" if check is not None else "not-looked-up",
            exchanges=(check.id,) if check is not None else (),
            device=call.device,
            expected=f"a successful lookup of code {code} with sessions/{{code}} before its login page is opened",
            observed="the session was not found" if check is not None else "the service did not look up the code",
        )

    def _rejected(self, code: str, check: Exchange, call: VerbCall) -> Outcome:
        """Judge a verb whose code is unknown. Without a mapped error, any response except a failure passes."""
        failed = service_failed(call)
        if not failed and call.returns.get("error", "an answer"):
            return HELD
        return Broken(
            kind="service-failed" if failed else "no-error-returned",
            exchanges=(check.id,),
            device=call.device,
            expected=f"an error for the viewer, because code {code} is unknown",
            observed=f"the service failed: {call.failure}" if failed else "the service returned no error",
        )
