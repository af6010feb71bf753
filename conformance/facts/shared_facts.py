"""Facts that the rules of one space share: they are computed once for all rules."""

from __future__ import annotations

from dataclasses import dataclass, field

from pass_harness.conformance.facts.breaker import Breaker
from pass_harness.conformance.facts.callers import Callers
from pass_harness.conformance.facts.devices import Devices
from pass_harness.conformance.facts.instances import Instances
from pass_harness.conformance.facts.polls import Polls
from pass_harness.conformance.facts.sessions import Sessions
from pass_harness.conformance.facts.tokens import Tokens
from pass_harness.conformance.facts.version1 import Version1
from pass_harness.conformance.observation import Observation
from pass_harness.mock_server.exchange import Exchange


@dataclass
class SharedFacts:
    """Shared facts. The engine updates them with each observation before the rules get it."""

    driven: bool = True
    """Whether a driver reports the viewers' actions. Without one no verb comes."""
    tokens: Tokens = field(default_factory=Tokens)
    sessions: Sessions = field(default_factory=Sessions)
    breaker: Breaker = field(default_factory=Breaker)
    callers: Callers = field(default_factory=Callers)
    instances: Instances = field(default_factory=Instances)
    version1: Version1 = field(default_factory=Version1)
    polls: Polls = field(init=False)
    devices: Devices = field(init=False)
    now_s: float = float("-inf")
    """Time of the latest observation, in seconds on the mock's monotonic clock."""
    began_s: float = float("inf")
    """Time of the first exchange."""
    has_registration: bool = False
    """Whether a registration was seen or recalled: what happened before it was with another client, or is known."""

    def __post_init__(self) -> None:
        self.polls = Polls(self.sessions)
        self.devices = Devices(self.sessions, self.driven)

    def observe(self, seen: Observation) -> None:
        if isinstance(seen, Exchange):
            if seen.endpoint == "dcr.register" or self.began_s > seen.wall:
                self._begin(seen)
            self.now_s = max(self.now_s, seen.wall)
            self.breaker.observe(seen)
            self.callers.observe(seen)
            if not seen.endpoint or not self.version1.beside_v2:
                self.version1.observe(seen)
            self.tokens.observe(seen)
            self.instances.observe(self.tokens.sent, seen)
            self.sessions.observe(seen)
            self.polls.observe(seen)
        else:
            self.now_s = max(self.now_s, seen.ended)
        if self.driven:
            self.devices.observe(seen)

    def recall(self, earlier: Exchange) -> None:
        """Process a registration or token request from before the judged exchanges."""
        self.has_registration = self.has_registration or earlier.endpoint == "dcr.register"
        self.tokens.recall(earlier)

    def _begin(self, seen: Exchange) -> None:
        self.began_s = min(self.began_s, seen.wall)
        self.has_registration = self.has_registration or seen.endpoint == "dcr.register"
