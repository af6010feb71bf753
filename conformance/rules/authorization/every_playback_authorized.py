"""Every playback has its own authorization."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pass_harness.conformance.bounded import Bounded
from pass_harness.conformance.facts.devices import UNATTRIBUTED
from pass_harness.conformance.facts.exchanges import is_server_failure
from pass_harness.conformance.facts.media_tokens import media_tokens
from pass_harness.conformance.facts.shared_facts import SharedFacts
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import HELD, Broken, Expectations, Outcome, Unclear
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Fault, Grade, Rule
from pass_harness.mock_server.exchange import Exchange


class EveryPlaybackAuthorized(Rule):
    card = Card(
        id="authorization.every-playback-authorized",
        title="Every playback has its own authorization and media token",
        grade=Grade.MUST,
        requirement="The service obtains an authorization decision before each playback and returns the media token "
        "of this decision to the app. Earlier decisions and preauthorizations do not count.",
        breaks="Playback without authorization breaks the contracts with the TV providers.",
        remedy="Call decisions/authorize for each playback and return the media token of its response.",
        kinds=("no-authorize-call", "token-of-another-decision", "played-after-denial", "played-after-failure"),
        citations=(citations.CHECKLIST_AUTHORIZATION_RETRIEVAL, citations.COOKBOOK_AUTHORIZE),
        needs=frozenset({"play"}),
        judges_app=True,
    )
    watches = frozenset({"decisions.authorize"})

    def __init__(self, expectations: Expectations, facts: SharedFacts) -> None:
        super().__init__(expectations, facts)
        self._issued: Bounded[str, bool] = Bounded()

    def observe(self, seen: Observation) -> Iterator[Outcome]:
        if not isinstance(seen, VerbCall):
            if seen.endpoint == "decisions.authorize":
                for token in media_tokens(seen):
                    self._issued.put(token.value, True)
            return
        if seen.verb != "play" or seen.returns.get("allowed") is not True:
            return
        asked = self.facts.devices.during(seen, "decisions.authorize")
        tokens = {token.value for exchange in asked for token in media_tokens(exchange)}
        given = str(seen.returns.get("media_token"))
        # A token that Adobe Pass never issued is the service's own, which the rule does not judge.
        if tokens and (given in tokens or not self._issued.get(given)):
            yield HELD
            return
        unknown = self.facts.devices.unattributed(seen, "decisions.authorize") if not asked else ()
        if unknown:
            yield Unclear(reason=UNATTRIBUTED, exchanges=tuple(exchange.id for exchange in unknown))
            return
        fault = _fault(asked, bool(tokens))
        yield Broken(
            kind=fault.kind,
            exchanges=tuple(exchange.id for exchange in asked),
            device=seen.device,
            expected=f"an authorization of {seen.arguments.get('resource')} for this playback, and its media token",
            observed=fault.observed,
        )


def _fault(asked: Sequence[Exchange], permitted: bool) -> Fault:
    if not asked:
        return Fault("no-authorize-call", "the app was allowed to play without an authorize call")
    if permitted:
        return Fault("token-of-another-decision", "the app got the media token of another decision")
    if all(map(is_server_failure, asked)):
        return Fault("played-after-failure", "the app was allowed to play although Adobe Pass gave no decision")
    return Fault("played-after-denial", "the app was allowed to play after a denial")
