"""A typed code is checked before the browser is sent away with it."""

from __future__ import annotations

from collections.abc import Iterator

from conformance import citations
from conformance.facts.actions import SLACK
from conformance.observation import Observation, VerbCall
from conformance.rule import HELD, Bounded, Broken, Card, Expectations, Outcome, Rule, Severity
from mock_server.exchange import Exchange


class CodeValidatedOnSecondScreen(Rule):
    card = Card(
        id="authentication.code-validated-on-second-screen",
        title="A code typed on a second screen is checked before its login page is opened",
        severity=Severity.SHOULD,
        requirement="The code that a viewer typed is checked by retrieving its session, or by resuming it, before "
        "the authenticate address is opened.",
        breaks="Whoever mistypes the code ends on an error page of Adobe Pass that offers no way back.",
        remedy="Call GET (or POST, to resume) sessions/{code} first, and tell the viewer if the code is not known.",
        citations=(citations.CHECKLIST_CODE_VALIDATION,),
        needs=frozenset({"enter_code"}),
        judges_app=True,
    )
    watches = frozenset({"sessions.retrieve", "sessions.resume"})

    def __init__(self, expectations: Expectations) -> None:
        super().__init__(expectations)
        self._checked: Bounded[str, Exchange] = Bounded()

    def observe(self, seen: Observation) -> Iterator[Outcome]:
        if not isinstance(seen, VerbCall):
            if seen.endpoint in {"sessions.retrieve", "sessions.resume"} and seen.code:
                self._checked.put(seen.code, seen)
            return
        if seen.verb != "enter_code" or not seen.returns.get("url"):
            return
        # The check comes from the second screen's address, so it is the code that links it to the verb.
        code = str(seen.arguments.get("code"))
        check = self._checked.get(code)
        if check is not None and check.status == 200 and check.wall >= seen.started - SLACK:
            yield HELD
            return
        asked = check is not None and check.wall >= seen.started - SLACK
        yield Broken(
            exchanges=(check.id,) if check and asked else (),
            device=seen.device,
            expected=f"code {code} to be found by sessions/{{code}} before its login page is opened",
            observed="the session was not found" if asked else "the code was not looked up",
        )
