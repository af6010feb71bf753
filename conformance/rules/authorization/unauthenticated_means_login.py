"""An error with the action authentication leads to a login."""

from __future__ import annotations

from collections.abc import Iterator

from pass_harness.conformance.facts.actions import RecentExchanges
from pass_harness.conformance.facts.exchanges import errors
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import HELD, Broken, Expectations, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Fault, Rule, Severity
from pass_harness.mock_server.exchange import Exchange


class UnauthenticatedMeansLogin(Rule):
    card = Card(
        id="authorization.unauthenticated-means-login",
        title="An error with the action authentication leads to a login",
        severity=Severity.MUST,
        requirement="If a decision's error has the action authentication, the service instructs the app to let the "
        "viewer log in. The service neither repeats the request nor calls logout.",
        breaks="The viewer is stuck: nothing plays, and the app does not offer the login that would help.",
        remedy="Answer the play request with the instruction to log in, and delete the old profile.",
        kinds=("logged-out", "asked-again", "app-not-informed"),
        citations=(citations.ERRORS_ACTION, citations.ERRORS_HANDLING),
        needs=frozenset({"play"}),
        judges_app=True,
    )
    watches = frozenset({"decisions.authorize", "logout"})

    def __init__(self, expectations: Expectations) -> None:
        super().__init__(expectations)
        self._recent = RecentExchanges()

    def observe(self, seen: Observation) -> Iterator[Outcome]:
        if not isinstance(seen, VerbCall):
            if seen.endpoint in {"decisions.authorize", "logout"}:
                self._recent.add(seen)
            return
        asked = self._recent.during(seen) if seen.verb == "play" else []
        over = [exchange for exchange in asked if _login_needed(exchange)]
        if not over:
            return
        wrong = self._wrong(asked, over, seen)
        if wrong is None:
            yield HELD
            return
        yield Broken(
            kind=wrong.kind,
            exchanges=tuple(exchange.id for exchange in asked),
            device=seen.device,
            expected="an instruction for the app to let the viewer log in",
            observed=wrong.observed,
        )

    def _wrong(self, asked: list[Exchange], over: list[Exchange], call: VerbCall) -> Fault | None:
        if any(exchange.endpoint == "logout" for exchange in asked):
            return Fault("logged-out", "the service called logout")
        if len(over) > 1:
            return Fault("asked-again", f"{len(over)} authorize calls for one playback")
        if "login_required" in call.returns and not call.returns["login_required"]:
            return Fault("app-not-informed", "the app got no instruction to log in")
        return None


def _login_needed(exchange: Exchange) -> bool:
    return any(error.get("action") == "authentication" for error in errors(exchange))
