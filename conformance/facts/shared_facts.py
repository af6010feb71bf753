"""What the rules of one world know together: it is kept once for all of them."""

from __future__ import annotations

from dataclasses import dataclass, field

from pass_harness.conformance.facts.sessions import Sessions
from pass_harness.conformance.facts.tokens import Tokens
from pass_harness.conformance.observation import Observation, moment
from pass_harness.mock_server.exchange import Exchange


@dataclass
class SharedFacts:
    """Told of each observation before the rules are shown it, so all of them read the same."""

    driven: bool = True
    """Whether a driver tells what viewers do. Without one no verb will come."""
    tokens: Tokens = field(default_factory=Tokens)
    sessions: Sessions = field(default_factory=Sessions)
    now_s: float = float("-inf")
    """The latest moment at which anything happened."""

    def observe(self, seen: Observation) -> None:
        now_s = moment(seen)
        self.now_s = max(self.now_s, now_s)
        if isinstance(seen, Exchange):
            self.tokens.observe(seen)
            self.sessions.observe(seen)
