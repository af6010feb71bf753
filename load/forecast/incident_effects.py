"""The effects of incidents in a forecast: matching calls, and the changes of their responses."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

import numpy as np

from pass_harness.load.event import Event
from pass_harness.load.forecast.throttle_buckets import Floats, Limits, Mask
from pass_harness.load.incidents import Incident
from pass_harness.mock_server.adobe.errors import ENHANCED_ERRORS
from pass_harness.mock_server.adobe.throttle import Limit
from pass_harness.mock_server.behaviours.effects import BodyFault, ConnectionFault, Effect
from pass_harness.mock_server.behaviours.model import Behaviour
from pass_harness.mock_server.domain.degradation import AUTHN_ALL

LATENCIES = 1024
"""Samples of a latency distribution; each call gets one of them."""
DECISIONS = "decisions."
"""Prefix of the endpoints of decisions, the only calls of a service that ask the TV provider."""
NEVER_S = 1e9
"""Delay in seconds beyond every timeout."""
UNSUPPORTED_MATCHES = ("service_provider", "ip", "device", "resource", "client_id")
"""Members of a match that the simulated audience does not have."""
NOT_SIMULATED = 'the forecast simulates no effect on the number of calls: "{}"'


@dataclass(frozen=True)
class CallEffect:
    """The effect on calls between two times (s)."""

    begins: float
    ends: float
    endpoint: str = "*"
    mvpd: str = "*"
    probability: float = 1.0
    delays: Floats = field(default_factory=lambda: np.zeros(1))
    """Possible delays of the response in seconds; each call gets one of them."""
    fails: bool = False
    """True if the response is missing or has status 500 and above, so that the service retries."""
    is_retriable: bool = False
    """True if the decision has the action retry."""
    refused: bool = False
    """True if the call is refused and a retry does not help."""
    needs_mvpd: bool = False
    """True if no decision from the cache is hit, but only those that ask the TV provider."""
    is_of_decisions: bool = False
    """True if only decisions are hit."""

    @property
    def is_total(self) -> bool:
        """True if no call gets a response, so that a circuit breaker opens."""
        everywhere = self.endpoint == self.mvpd == "*" and not self.needs_mvpd
        return self.fails and everywhere and self.probability == 1.0

    def applies_to(self, endpoint: str) -> bool:
        """Return whether the effect applies to an endpoint."""
        return fnmatchcase(endpoint, self.endpoint) and (endpoint.startswith(DECISIONS) or not self.is_of_decisions)

    def hits(self, moment: Floats, mvpd: Mask, rng: np.random.Generator) -> Mask:
        """Return which calls at these times are hit; ``mvpd`` marks those with a matching TV provider."""
        hit = (moment >= self.begins) & (moment < self.ends) & mvpd
        if self.probability < 1.0:
            hit &= rng.random(moment.shape) < self.probability
        return hit


@dataclass(frozen=True)
class Degraded:
    """A time of degradation: the TV provider is not asked. With ``logs_everyone_in``, no login is needed either."""

    begins: float
    ends: float
    mvpd: str
    logs_everyone_in: bool


@dataclass(frozen=True)
class IncidentEffects:
    """The effects of all incidents of an event."""

    calls: Sequence[CallEffect] = ()
    degraded: Sequence[Degraded] = ()
    limits: Limits = field(default_factory=Limits)
    revocations: Sequence[float] = ()
    """Times of revocations of all access tokens."""
    unforeseen: Sequence[str] = ()
    """Omitted incidents, a sentence each with the reason."""

    @property
    def outages(self) -> list[CallEffect]:
        return [effect for effect in self.calls if effect.is_total]


def effects_of(event: Event) -> IncidentEffects:
    """Return the effects of the incidents of an event."""
    calls: list[CallEffect] = []
    degraded: list[Degraded] = []
    others: list[tuple[int, int, Limit]] = []
    unforeseen: list[str] = []
    for incident in event.incidents:
        for behaviour in incident.behaviours():
            begins, ends = _when(incident, behaviour, event.duration.seconds)
            effect, match = behaviour.effect, behaviour.match
            if why := _unsupported(behaviour):
                unforeseen.append(f"{incident.name}: {why}")
            elif effect.degradation is not None:
                active = effect.active_degradation
                logs_everyone_in = active is not None and active.rule == AUTHN_ALL
                degraded.append(Degraded(begins, ends, match.mvpd or "*", logs_everyone_in))
            elif effect.throttle is not None:
                limit = effect.throttle if isinstance(effect.throttle, Limit) else Limit(rate=1e6, burst=1_000_000)
                others.append((int(begins * 1000), int(ends * 1000), limit))
            elif made := _call_effect(behaviour, begins, ends):
                calls.append(made)
            else:
                unforeseen.append(f"{incident.name} {NOT_SIMULATED.format(effect.kind)}")
    return IncidentEffects(
        calls=calls,
        degraded=degraded,
        limits=Limits(others=others),
        revocations=[incident.begins for incident in event.incidents if incident.revoke_tokens],
        unforeseen=unforeseen,
    )


def _when(incident: Incident, behaviour: Behaviour, over: float) -> tuple[float, float]:
    ends = over if incident.ends is None else incident.ends
    if behaviour.for_ is not None:
        ends = min(ends, incident.begins + behaviour.for_.seconds)
    return incident.begins, ends


def _unsupported(behaviour: Behaviour) -> str:
    """Return the reason why a behaviour cannot be simulated; empty if it can."""
    if behaviour.times is not None or behaviour.after:
        return "the number of hits is limited, which a forecast does not simulate"
    if behaviour.effect.throttle is not None and (behaviour.match.endpoint or behaviour.match.mvpd):
        return "a forecast does not simulate a rate limit for some of the calls"
    unsupported = [name for name in UNSUPPORTED_MATCHES if getattr(behaviour.match, name) is not None]
    return (
        f"it applies to one {', '.join(unsupported)} only, which a forecast does not distinguish"
        if unsupported
        else ""
    )


def _call_effect(behaviour: Behaviour, begins: float, ends: float) -> CallEffect | None:
    effect, match = behaviour.effect, behaviour.match
    outcome = _outcome(effect, match.endpoint or "*")
    if outcome is None:
        return None
    return CallEffect(
        begins=begins,
        ends=ends,
        endpoint=match.endpoint or "*",
        mvpd=match.mvpd or "*",
        probability=1.0 if behaviour.probability is None else behaviour.probability,
        delays=_delays(effect),
        fails=outcome == "fails",
        is_retriable=outcome == "retriable",
        refused=outcome == "refused",
        needs_mvpd=effect.needs_mvpd,
        is_of_decisions=effect.mvpd_latency is not None or effect.deny is not None,
    )


_OUTCOMES = {
    ConnectionFault.RESET: "fails",
    ConnectionFault.STALL: "fails",
    ConnectionFault.TRUNCATE: "fails",
    ConnectionFault.SLOW: "",
}


def _outcome(effect: Effect, endpoint: str) -> str | None:
    """Return the outcome of a hit call: empty if it is only delayed, None if the effect is not simulated."""
    if effect.latency is not None or effect.mvpd_latency is not None:
        return ""
    if effect.status is not None:
        return "fails" if effect.status >= 500 else "refused"
    if effect.connection is not None:
        return _OUTCOMES[effect.connection]
    if effect.body is BodyFault.MALFORMED or effect.deny is not None:
        return "refused"
    if effect.error in ENHANCED_ERRORS:
        error = ENHANCED_ERRORS[effect.error]
        if error.action == "retry":
            return "retriable" if endpoint.startswith(DECISIONS) else "fails"
        return "fails" if error.status >= 500 and not endpoint.startswith(DECISIONS) else "refused"
    return None


def _delays(effect: Effect) -> Floats:
    latency = effect.latency or effect.mvpd_latency
    if latency is not None:
        return np.array([latency.sample(str(nth), 0) / 1000.0 for nth in range(LATENCIES)])
    return np.full(1, NEVER_S if effect.connection is ConnectionFault.STALL else 0.0)


def matching_mvpds(glob: str, mvpds: Iterable[str]) -> list[int]:
    """Return the indices of the TV providers that match a glob."""
    return [place for place, mvpd in enumerate(mvpds) if fnmatchcase(mvpd, glob)]
