"""Every playback has its own authorization."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pass_harness.conformance.bounded import Bounded
from pass_harness.conformance.facts.devices import UNATTRIBUTED
from pass_harness.conformance.facts.exchanges import DECISIONS, is_server_failure, resources
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
        "of this decision to the app. Earlier decisions and preauthorizations do not count, nor does the decision on "
        "another resource of the app.",
        breaks="Playback without authorization breaks the contracts with the TV providers.",
        remedy="Call decisions/authorize for each playback and return the media token of its response.",
        kinds=(
            "no-authorize-call",
            "token-of-another-decision",
            "played-after-denial",
            "played-after-failure",
            "other-resource-authorized",
        ),
        citations=(citations.CHECKLIST_AUTHORIZATION_RETRIEVAL, citations.COOKBOOK_AUTHORIZE),
        needs=frozenset({"play"}),
        judges_app=True,
    )
    watches = frozenset({"decisions.authorize"})

    def __init__(self, expectations: Expectations, facts: SharedFacts) -> None:
        super().__init__(expectations, facts)
        self._issued: Bounded[str, bool] = Bounded()
        self._shared: Bounded[str, bool] = Bounded()
        """Resources that have the same name in the app and at Adobe Pass; a service may have other names there."""

    def observe(self, seen: Observation) -> Iterator[Outcome]:
        if not isinstance(seen, VerbCall):
            if seen.endpoint == "decisions.authorize":
                for token in media_tokens(seen):
                    self._issued.put(token.value, True)
            return
        self._learn_names(seen)
        if seen.verb != "play" or seen.returns.get("allowed") is not True:
            return
        asked = self.facts.devices.during(seen, "decisions.authorize")
        tokens = {token.value for exchange in asked for token in media_tokens(exchange)}
        given = str(seen.returns.get("media_token"))
        other = self._other_resource(seen, asked)
        # A token that Adobe Pass never issued is the service's own, which the rule does not judge.
        if not other and tokens and (given in tokens or not self._issued.get(given)):
            yield HELD
            return
        unknown = self.facts.devices.unattributed(seen, "decisions.authorize") if not asked else ()
        if unknown:
            yield Unclear(reason=UNATTRIBUTED, exchanges=tuple(exchange.id for exchange in unknown))
            return
        fault = _fault(asked, other, bool(tokens))
        yield Broken(
            kind=fault.kind,
            exchanges=tuple(exchange.id for exchange in asked),
            device=seen.device,
            expected=f"an authorization of {seen.arguments.get('resource')} for this playback, and its media token",
            observed=fault.observed,
        )

    def _learn_names(self, call: VerbCall) -> None:
        named = call.arguments.get("resources") or [call.arguments.get("resource")]
        if call.verb in {"preauthorize", "play"} and isinstance(named, list):
            sent = {name for one in self.facts.devices.during(call, *DECISIONS) for name in resources(one)}
            for name in sent.intersection(map(str, named)):
                self._shared.put(name, True)

    def _other_resource(self, call: VerbCall, asked: Sequence[Exchange]) -> str:
        """Return another resource of the app that was permitted in place of the one that plays, or an empty text."""
        wanted = str(call.arguments.get("resource"))
        permitted = [name for one in asked if any(media_tokens(one)) for name in resources(one)]
        if wanted in permitted or not self._shared.get(wanted) or not all(map(self._shared.get, permitted)):
            return ""
        return next(iter(permitted), "")


def _fault(asked: Sequence[Exchange], other: str, permitted: bool) -> Fault:
    if other:
        return Fault("other-resource-authorized", f"the app was allowed to play by a permit for {other[:120]}")
    if not asked:
        return Fault("no-authorize-call", "the app was allowed to play without an authorize call")
    if permitted:
        return Fault("token-of-another-decision", "the app got the media token of another decision")
    if all(map(is_server_failure, asked)):
        return Fault("played-after-failure", "the app was allowed to play although Adobe Pass gave no decision")
    return Fault("played-after-denial", "the app was allowed to play after a denial")
