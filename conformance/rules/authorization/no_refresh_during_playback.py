"""A running stream needs no new media token."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from pass_harness.conformance.bounded import Bounded
from pass_harness.conformance.facts.actions import Candidates
from pass_harness.conformance.facts.devices import arrived_during
from pass_harness.conformance.facts.machine_rhythm import alike
from pass_harness.conformance.facts.media_tokens import MediaToken, media_tokens
from pass_harness.conformance.facts.shared_facts import SharedFacts
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import HELD, Broken, Expectations, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Grade, Rule
from pass_harness.mock_server.exchange import Exchange

MARGIN_S = 5.0
"""Seconds around the expiry of a media token in which an authorization replaces it."""
TIMER = 3
"""Number of authorizations at equal intervals, at least, that show a timer."""
EARLY_SHARE = 0.1
"""Share of its lifetime by which a service may replace a token early."""


class NoRefreshDuringPlayback(Rule):
    card = Card(
        id="authorization.no-refresh-during-playback",
        title="The service requests no authorization because a media token expires while a stream plays",
        grade=Grade.MUST,
        requirement="A stream continues when its media token expires. The service obtains a new authorization when "
        "the viewer next asks to play, and not to replace the media token. A live stream may be authorized again "
        "after a pause or at a commercial break, so authorizations in the background do not break the rule if most "
        "of them are apart from the expiry of the token, and if three or more do not come at equal intervals.",
        breaks="Each running stream costs a decision every few minutes; at an event, all of them at once.",
        remedy="Call decisions/authorize only when the viewer asks to play.",
        kinds=("authorized-while-playing",),
        citations=(citations.CHECKLIST_AUTHORIZATION_RETRIEVAL, citations.COOKBOOK_AUTHORIZE),
        needs=frozenset({"play", "stop"}),
        judges_app=True,
    )
    watches = frozenset({"decisions.authorize"})

    def __init__(self, expectations: Expectations, facts: SharedFacts) -> None:
        super().__init__(expectations, facts)
        self._playing: Bounded[str, MediaToken] = Bounded()
        self._asked: Candidates[None] = Candidates(facts.devices)
        self._last: Bounded[str, MediaToken] = Bounded()

    def observe(self, seen: Observation) -> Iterator[Outcome]:
        if not isinstance(seen, VerbCall):
            if seen.endpoint == "decisions.authorize":
                self._asked.add(seen, None)
                for token in media_tokens(seen):
                    for name in self.facts.devices.names(seen):
                        self._last.put(name, token)
            return
        playing = self._playing.get(seen.device)
        between = [
            asked
            for asked, _ in self._asked.resolve(seen)
            if not (seen.verb == "play" and arrived_during(asked, seen))
        ]
        between.sort(key=lambda asked: asked.wall)
        if playing is not None and (_is_timer(playing, between) or _renew(playing, between)):
            yield self._refreshed(playing, between, seen)
        elif playing is not None and seen.verb == "stop" and seen.started > playing.expires_s:
            yield HELD  # the token expired during the playback, without a new authorization
        self._note(seen)

    def _note(self, call: VerbCall) -> None:
        if call.verb == "play" and call.returns.get("allowed") is True:
            token = next(
                (token for name in self.facts.devices.names(call) if (token := self._last.get(name)) is not None),
                None,
            )
            if token is not None:
                self._playing.put(call.device, token)
        elif call.verb in {"stop", "logout", "play"}:
            self._playing.pop(call.device)

    def _refreshed(self, playing: MediaToken, between: list[Exchange], call: VerbCall) -> Broken:
        return Broken(
            kind="authorized-while-playing",
            exchanges=(playing.exchange.id, *(asked.id for asked in between)),
            device=call.device,
            expected="no authorize call while the stream plays",
            observed=f"authorize calls between the playback and the viewer's next action: {len(between)}",
        )


def _is_timer(playing: MediaToken, between: Sequence[Exchange]) -> bool:
    """Return whether authorizations come at equal intervals, as commercial breaks do not."""
    walls = [playing.exchange.wall, *(asked.wall for asked in between)]
    pauses = [later - earlier for earlier, later in pairwise(walls)]
    return len(pauses) >= TIMER and all(alike(pauses[0], pause) for pause in pauses)


def _renew(playing: MediaToken, between: Sequence[Exchange]) -> bool:
    """Return whether at least half of the authorizations replace the first media token or the latest one."""
    latest, replacing = playing, 0
    for asked in between:
        replacing += _replaces(playing, asked) or _replaces(latest, asked)
        latest = next(media_tokens(asked), latest)
    return bool(between) and 2 * replacing >= len(between)


def _replaces(token: MediaToken, asked: Exchange) -> bool:
    """Return whether an authorization comes when the media token expires."""
    early = token.expires_s - max(MARGIN_S, (token.expires_s - token.exchange.wall) * EARLY_SHARE)
    return early <= asked.wall <= token.expires_s + MARGIN_S
