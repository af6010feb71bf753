"""Verbs that the service answered slowly, and the failures that its load explains better than a response does.

A service that cannot read a response fails at once, or never answers, while it serves other devices as usual. One
that has too little time gives up on some verbs, and answers those of other devices late.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from pass_harness.conformance.facts.actions import service_failed
from pass_harness.conformance.facts.devices import Devices
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import Broken, Unclear

SLOW_S = 1.0
"""Seconds that the service spends on a verb by itself, without the calls to Adobe Pass, when it is slow."""
SLOW_VERBS = 5
"""Number of other devices with a slow answer during a verb from which the service had too little time: more than a
scenario has, so that only load shows it."""
KEPT = 1_000
OF_FAILURES = frozenset({"service-failed", "login-refused"})
"""Kinds of findings that a failed verb is the evidence of."""
NO_TIME = (
    "the service was short of time: it answered verbs of other devices late by itself, so this one may have failed "
    "for that, and not for the response of Adobe Pass"
)


@dataclass
class SlowAnswers:
    """The latest verbs that the service answered without a failure, but slowly."""

    devices: Devices
    _latest: deque[VerbCall] = field(default_factory=lambda: deque(maxlen=KEPT))

    def observe(self, call: VerbCall) -> None:
        took = call.ended - call.started
        if took < SLOW_S or not call.device or call.failure is not None:
            return
        adobe_s = sum(exchange.duration_ms for exchange in self.devices.during(call)) / 1000
        if took - adobe_s >= SLOW_S:
            self._latest.append(call)

    def doubt(self, finding: Broken, seen: Observation | None) -> Unclear | None:
        """Return the outcome instead of a finding on a failed verb that the load may have caused, or None."""
        if finding.kind not in OF_FAILURES or not isinstance(seen, VerbCall) or not service_failed(seen):
            return None
        during = {slow.device for slow in self._latest if slow.ended >= seen.started and slow.started <= seen.ended}
        return (
            Unclear(reason=NO_TIME, exchanges=finding.exchanges)
            if len(during - {seen.device}) >= SLOW_VERBS
            else None
        )
