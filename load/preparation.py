"""The time before the event: the calibration of the generating processes, and the logins of returning viewers."""

from __future__ import annotations

import time
from collections.abc import Callable

from pass_harness.conformance.running.judged_run import Announce
from pass_harness.load.event import Event
from pass_harness.load.generator_capacity import shortage, viewers_per_second
from pass_harness.load.ipc_messages import Capacity, WarmUp

ANNOUNCED_EVERY_S = 5.0


class Preparation:
    """Calibration and warm-up of all generating processes; announces them on stderr."""

    def __init__(
        self,
        event: Event,
        announce: Announce,
        *,
        shares: int,
        cores_for_target: int,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare for ``shares`` processes; ``cores_for_target`` cores of this machine are for service and mock."""
        self._event = event
        self._announce = announce
        self._shares = shares
        self._cores_for_target = cores_for_target
        self._now = now_s
        self._warm_ups: dict[int, WarmUp] = {}
        self._announced_at = float("-inf")
        self.processes: list[Capacity] = []
        """The calibrations, by number of the process."""
        self.shortage = ""
        """Shortage of the generator at the peak of the event, with a remedy; empty without one."""

    @property
    def viewers_s(self) -> float:
        """Viewers per second that the generating processes can start together; 0 without a calibration."""
        return viewers_per_second(self.processes, cores_for_target=self._cores_for_target)

    def calibrated(self, capacity: Capacity) -> None:
        """Add the calibration of a process. After the last one, announce the capacity, and a shortage."""
        self.processes = sorted([*self.processes, capacity], key=lambda process: process.share)
        if len(self.processes) < self._shares:
            return
        if not self.viewers_s:
            self._announce("WARNING: the calibration of the load generator failed: its capacity is unknown")
            return
        self._announce(
            f"calibration: the load generator can start {self.viewers_s:g} viewers per second; the event has at most "
            f"{self._event.peak:.4g} arrivals per second"
        )
        self.shortage = shortage(self._event, self.processes, cores_for_target=self._cores_for_target)
        if self.shortage:
            self._announce(f"WARNING: {self.shortage}")

    def warming_up(self, progress: WarmUp) -> None:
        """Add the progress of a process, and announce that of all at intervals, and at the end."""
        self._warm_ups[progress.share] = progress
        done = sum(process.done for process in self._warm_ups.values())
        total = sum(process.total for process in self._warm_ups.values())
        rate = sum(process.rate for process in self._warm_ups.values() if process.done < process.total)
        if done < total and self._now() < self._announced_at + ANNOUNCED_EVERY_S:
            return
        self._announced_at = self._now()
        line = f"warm-up: {done:,} of {total:,} returning viewers logged in"
        self._announce(f"{line}, {rate:.3g} per second, {(total - done) / rate:.0f} s left" if done < total else line)
