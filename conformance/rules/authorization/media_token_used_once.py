"""A media token starts one playback."""

from __future__ import annotations

from collections.abc import Iterator

from pass_harness.conformance.bounded import Bounded
from pass_harness.conformance.durations import span
from pass_harness.conformance.facts.media_tokens import MediaToken, media_tokens
from pass_harness.conformance.facts.shared_facts import SharedFacts
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import HELD, TIMELESS, Broken, Expectations, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Fault, Grade, Rule

MARGIN_S = 2.0
"""Seconds by which clocks may differ."""


class MediaTokenUsedOnce(Rule):
    card = Card(
        id="authorization.media-token-used-once",
        title="The service returns no media token twice or after its expiry",
        grade=Grade.MUST,
        requirement="A media token is valid for one playback request and lives for some minutes. Each playback gets "
        "a new one.",
        breaks="Streams are stolen with shared media tokens, and the verifier refuses an expired one.",
        remedy="Do not cache media tokens; return each one once, in the response to the play request that it was "
        "obtained for.",
        kinds=("handed-out-twice", "handed-out-expired"),
        citations=(citations.MEDIA_TOKENS, citations.FAQ_MEDIA_TOKEN),
        needs=frozenset({"play"}),
        judges_app=True,
    )
    watches = frozenset({"decisions.authorize"})

    def __init__(self, expectations: Expectations, facts: SharedFacts) -> None:
        super().__init__(expectations, facts)
        self._issued: Bounded[str, MediaToken] = Bounded()
        self._given: Bounded[str, VerbCall] = Bounded()

    def observe(self, seen: Observation) -> Iterator[Outcome]:
        if not isinstance(seen, VerbCall):
            if seen.endpoint == "decisions.authorize":
                for token in media_tokens(seen):
                    self._issued.put(token.value, token)
            return
        given = seen.returns.get("media_token") if seen.verb == "play" else None
        if not given:
            return
        before, issued = self._given.get(given), self._issued.get(given)
        self._given.put(given, seen)
        if before is not None and (issued is not None or not self._has_another(seen)):
            since = f"{span(seen.ended - before.ended)} before"
            fault = Fault("handed-out-twice", f"the media token of the playback {since}")
            yield self._wrong(issued, seen, fault, TIMELESS)
        elif issued is not None and (late_s := seen.started - issued.expires_s) > MARGIN_S:
            fault = Fault("handed-out-expired", f"a media token that expired {span(late_s)} before")
            yield self._wrong(issued, seen, fault, late_s - MARGIN_S)
        else:
            yield HELD

    def _has_another(self, call: VerbCall) -> bool:
        """Return whether Adobe Pass issued a media token for the playback, so that any other is the service's own."""
        asked = self.facts.devices.during(call, "decisions.authorize")
        return any(any(media_tokens(one)) for one in asked)

    def _wrong(self, issued: MediaToken | None, call: VerbCall, fault: Fault, margin_s: float) -> Broken:
        return Broken(
            kind=fault.kind,
            exchanges=(issued.exchange.id,) if issued else (),
            device=call.device,
            expected="a fresh media token for each playback",
            observed=fault.observed,
            margin_s=margin_s,
        )
