"""Facts that the rules of one space share: they are computed once for all rules."""

from __future__ import annotations

from dataclasses import dataclass, field

from pass_harness.conformance.facts.sessions import Sessions
from pass_harness.conformance.facts.tokens import Tokens
from pass_harness.conformance.observation import Observation, moment
from pass_harness.mock_server.exchange import Exchange


@dataclass
class SharedFacts:
    """Shared facts. The engine updates them with each observation before the rules get it."""

    driven: bool = True
    """Whether a driver reports the viewers' actions. Without one no verb comes."""
    tokens: Tokens = field(default_factory=Tokens)
    sessions: Sessions = field(default_factory=Sessions)
    now_s: float = float("-inf")
    """Time of the latest observation, in seconds on the mock's monotonic clock."""

    def observe(self, seen: Observation) -> None:
        now_s = moment(seen)
        self.now_s = max(self.now_s, now_s)
        if isinstance(seen, Exchange):
            self.tokens.observe(seen)
            self.sessions.observe(seen)
