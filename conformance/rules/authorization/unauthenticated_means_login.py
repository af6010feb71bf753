"""An error with the action authentication leads to a login."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from pass_harness.conformance.facts.exchanges import decisions, errors
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import HELD, Broken, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Fault, Grade, Rule
from pass_harness.mock_server.exchange import Exchange


class UnauthenticatedMeansLogin(Rule):
    card = Card(
        id="authorization.unauthenticated-means-login",
        title="An error with the action authentication leads to a login",
        grade=Grade.MUST,
        requirement="If a decision's error has the action authentication, the service instructs the app to let the "
        "viewer log in. The service neither repeats the request nor calls logout. It may try a TempPass before.",
        breaks="The viewer is stuck: nothing plays, and the app does not offer the login that would help.",
        remedy="Answer the play request with the instruction to log in, and delete the old profile.",
        kinds=("logged-out", "asked-again", "app-not-informed"),
        citations=(citations.ERRORS_ACTION, citations.ERRORS_HANDLING),
        needs=frozenset({"play"}),
        judges_app=True,
    )
    watches = frozenset[str]()

    def observe(self, seen: Observation) -> Iterator[Outcome]:
        if not isinstance(seen, VerbCall) or seen.verb != "play":
            return
        asked = self.facts.devices.caused(seen, "decisions.authorize", "logout")
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
        most = max(Counter(exchange.mvpd for exchange in over).values())
        if most > 1:
            return Fault("asked-again", f"{most} authorize calls for one playback")
        if _permitted(asked[-1]):
            return None  # with another TV provider, or a TempPass
        if "login_required" in call.returns and not call.returns["login_required"]:
            return Fault("app-not-informed", "the app got no instruction to log in")
        return None


def _permitted(exchange: Exchange) -> bool:
    return any(decision.get("authorized") is True for decision in decisions(exchange))


def _login_needed(exchange: Exchange) -> bool:
    return any(error.get("action") == "authentication" for error in errors(exchange))
