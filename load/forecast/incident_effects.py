"""The incidents of an event as a forecast sees them: which calls they meet, and what becomes of those."""

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
"""So many are drawn of a distribution, and each call takes one of them."""
NEVER = 1e9
"""Seconds: no answer within anybody's patience."""
NARROW = ("service_provider", "ip", "device", "resource", "client_id")
"""What behaviours may be for, and audiences are not told apart by."""
UNFORESEEN = 'has no effect on how often Adobe Pass is asked, or none that a forecast knows: "{}"'


@dataclass(frozen=True)
class Trouble:
    """What happens to calls between two moments (s)."""

    begins: float
    ends: float
    endpoint: str = "*"
    mvpd: str = "*"
    probability: float = 1.0
    delays: Floats = field(default_factory=lambda: np.zeros(1))
    """By how many seconds the answer is later; one of these."""
    fails: bool = False
    """There is no answer, or one of 500 and above: worth another try."""
    asks_again: bool = False
    """The decision says that it may be asked for again."""
    refused: bool = False
    """Refused for good: the viewer is told."""

    @property
    def is_total(self) -> bool:
        """Whether nobody gets an answer at all, so that a circuit breaker opens."""
        return self.fails and self.endpoint == self.mvpd == "*" and self.probability == 1.0

    def concerns(self, endpoint: str) -> bool:
        return fnmatchcase(endpoint, self.endpoint)

    def meets(self, moment: Floats, mvpd: Mask, dice: np.random.Generator) -> Mask:
        """Which of the calls at these moments it meets; ``mvpd`` says whose TV provider is concerned."""
        met = (moment >= self.begins) & (moment < self.ends) & mvpd
        if self.probability < 1.0:
            met &= dice.random(moment.shape) < self.probability
        return met


@dataclass(frozen=True)
class Degraded:
    """A time in which the TV provider is not asked; with ``everybody_in`` nobody logs in there either."""

    begins: float
    ends: float
    mvpd: str
    everybody_in: bool


@dataclass(frozen=True)
class Troubles:
    """All that happens during an event."""

    calls: Sequence[Trouble] = ()
    degraded: Sequence[Degraded] = ()
    limits: Limits = field(default_factory=Limits)
    revocations: Sequence[float] = ()
    """Moments at which all access tokens are revoked."""
    unforeseen: Sequence[str] = ()
    """Incidents that are left out, and why, a sentence each."""

    @property
    def outages(self) -> list[Trouble]:
        return [trouble for trouble in self.calls if trouble.is_total]


def troubles(event: Event) -> Troubles:
    """What a forecast makes of the incidents of an event."""
    calls: list[Trouble] = []
    degraded: list[Degraded] = []
    others: list[tuple[int, int, Limit]] = []
    unforeseen: list[str] = []
    for incident in event.incidents:
        for behaviour in incident.behaviours():
            begins, ends = _when(incident, behaviour, event.duration.seconds)
            effect, match = behaviour.effect, behaviour.match
            if why := _too_narrow(behaviour):
                unforeseen.append(f"{incident.name}: {why}")
            elif effect.degradation is not None:
                everybody_in = effect.degradation == AUTHN_ALL
                degraded.append(Degraded(begins, ends, match.mvpd or "*", everybody_in))
            elif effect.throttle is not None:
                limit = effect.throttle if isinstance(effect.throttle, Limit) else Limit(rate=1e6, burst=1_000_000)
                others.append((int(begins * 1000), int(ends * 1000), limit))
            elif made := _trouble(behaviour, begins, ends):
                calls.append(made)
            else:
                unforeseen.append(f"{incident.name} {UNFORESEEN.format(effect.kind)}")
    return Troubles(
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


def _too_narrow(behaviour: Behaviour) -> str:
    """Why a behaviour cannot be foreseen; empty if it can."""
    if behaviour.times is not None or behaviour.after:
        return "it counts its hits, which a forecast does not"
    if behaviour.effect.throttle is not None and (behaviour.match.endpoint or behaviour.match.mvpd):
        return "a throttle for some calls only is not foreseen"
    narrow = [name for name in NARROW if getattr(behaviour.match, name) is not None]
    return f"it is for some {', '.join(narrow)} only, which a forecast does not tell apart" if narrow else ""


def _trouble(behaviour: Behaviour, begins: float, ends: float) -> Trouble | None:
    effect, match = behaviour.effect, behaviour.match
    outcome = _outcome(effect, match.endpoint or "*")
    if outcome is None:
        return None
    return Trouble(
        begins=begins,
        ends=ends,
        endpoint=match.endpoint or "*",
        mvpd=match.mvpd or "*",
        probability=1.0 if behaviour.probability is None else behaviour.probability,
        delays=_delays(effect),
        fails=outcome == "fails",
        asks_again=outcome == "asks again",
        refused=outcome == "refused",
    )


def _outcome(effect: Effect, endpoint: str) -> str | None:
    """What a call that is met comes to; empty where it is only late, None where nothing follows that is foreseen."""
    if effect.latency is not None:
        return ""
    if effect.status is not None:
        return "fails" if effect.status >= 500 else "refused"
    if effect.connection is not None:
        return "" if effect.connection is ConnectionFault.SLOW else "fails"
    if effect.body is BodyFault.MALFORMED or effect.deny is not None:
        return "refused"
    if effect.error in ENHANCED_ERRORS:
        error = ENHANCED_ERRORS[effect.error]
        if error.action == "retry":
            return "asks again" if endpoint.startswith("decisions.") else "fails"
        return "fails" if error.status >= 500 and not endpoint.startswith("decisions.") else "refused"
    return None


def _delays(effect: Effect) -> Floats:
    if effect.latency is not None:
        return np.array([effect.latency.sample(str(nth), 0) / 1000.0 for nth in range(LATENCIES)])
    return np.full(1, NEVER if effect.connection is ConnectionFault.STALL else 0.0)


def concerned(glob: str, mvpds: Iterable[str]) -> list[int]:
    """Which TV providers, by their place, a glob is for."""
    return [place for place, mvpd in enumerate(mvpds) if fnmatchcase(mvpd, glob)]
