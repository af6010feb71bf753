"""Occasions: the scenario, the verbs and the device to which the evidence of a finding belongs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from pass_harness.conformance.evaluation.tally import Finding
from pass_harness.conformance.facts.devices import Devices
from pass_harness.conformance.facts.sessions import Sessions
from pass_harness.conformance.observation import Observation, VerbCall, moment


@dataclass(frozen=True)
class Occasion:
    """The place of a finding in a run; its members are empty where nothing can be attributed."""

    scenarios: tuple[str, ...] = ()
    """Ids of the scenarios whose devices the evidence belongs to."""
    verbs: tuple[str, ...] = ()
    """Verbs of those devices that were in progress, in order of time."""
    after_verb: str = ""
    """The last verb of those devices before the evidence, if none was in progress."""
    driver_devices: tuple[str, ...] = ()
    """The driver's identifiers of the devices that the evidence belongs to."""
    sent_device: str = ""
    """The device identifier that the service sent to Adobe Pass, if it sent a single one."""


class Occasions:
    """The verbs of a run, by device, so that findings can be attributed to them."""

    def __init__(self, observations: Sequence[Observation]) -> None:
        """Learn the verbs and the devices from the observations of a run, in any order; none without a driver."""
        self._known: dict[int, Occasion] = {}
        sessions = Sessions()
        self._devices = Devices(sessions, driven=True)
        self._devices.learn(observations)
        self._calls: dict[str, list[VerbCall]] = defaultdict(list)
        for seen in sorted(observations, key=moment):
            if isinstance(seen, VerbCall):
                self._calls[seen.device].append(seen)
            else:
                sessions.observe(seen)
        self.verbs = frozenset(call.verb for calls in self._calls.values() for call in calls)

    def of(self, finding: Finding) -> Occasion:
        """Return the occasion of a finding. The results must outlive this object: it knows findings by identity."""
        known = self._known.get(id(finding))
        if known is None:
            known = self._known[id(finding)] = self._occasion(finding)
        return known

    def _occasion(self, finding: Finding) -> Occasion:
        cited = finding.cited
        devices = self._devices_of(finding)
        calls = sorted(
            (call for device in devices for call in self._calls[device]), key=lambda call: (call.started, call.ended)
        )
        current = _in_progress(calls, finding)
        sent = {exchange.device for exchange in cited if exchange.device}
        return Occasion(
            scenarios=tuple(dict.fromkeys(call.scenario for call in calls if call.scenario)),
            verbs=tuple(dict.fromkeys(call.verb for call in current)),
            after_verb="" if current else _before(calls, finding),
            driver_devices=tuple(devices),
            sent_device=sent.pop() if len(sent) == 1 else "",
        )

    def _devices_of(self, finding: Finding) -> Sequence[str]:
        """Return the driver's identifiers of the devices of a finding, without repetition."""
        found = [device for exchange in finding.cited if (device := self._devices.device_of(exchange))]
        if isinstance(finding.seen, VerbCall) and not found:
            found.append(finding.seen.device)
        if not found and finding.evidence.device:
            named = finding.evidence.device
            found += self._devices.owners(named) or (named,)
        return [device for device in dict.fromkeys(found) if device in self._calls]


def _in_progress(calls: Sequence[VerbCall], finding: Finding) -> list[VerbCall]:
    moments = [exchange.wall for exchange in finding.cited]
    during = [call for call in calls if any(call.started <= moment <= call.ended for moment in moments)]
    return during or [call for call in calls if call is finding.seen]


def _before(calls: Sequence[VerbCall], finding: Finding) -> str:
    first_s = min((exchange.wall for exchange in finding.cited), default=float("-inf"))
    return next((call.verb for call in reversed(calls) if call.ended <= first_s), "")
