"""The calibrated capacity of the generating processes, compared with the arrivals of an event."""

from __future__ import annotations

import math
import socket
from collections import Counter
from collections.abc import Sequence

from pass_harness.conformance.reports.numbers import plural
from pass_harness.load.event import Event
from pass_harness.load.ipc_messages import Capacity


def viewers_per_second(processes: Sequence[Capacity], *, cores_for_target: int) -> float:
    """Return the viewers per second that all processes can generate together; 0 without a calibration.

    ``cores_for_target`` cores of this machine remain for the service and the mock, as far as there are others.
    """
    own = socket.gethostname()
    total = 0.0
    for machine, number in Counter(process.machine for process in processes).items():
        here = [process for process in processes if process.machine == machine]
        usable = max(1, here[0].cores - (cores_for_target if machine == own else 0))
        total += sum(process.viewers_s for process in here) * min(1.0, usable / number)
    return round(total, 1)


def shortage(event: Event, processes: Sequence[Capacity], *, cores_for_target: int) -> str:
    """Return a sentence with the missing resource and a remedy, or an empty text if the capacity suffices."""
    capacity = viewers_per_second(processes, cores_for_target=cores_for_target)
    if not capacity or event.peak <= capacity:
        return ""
    slowest = min(processes, key=lambda process: process.viewers_s)
    together = sum(process.viewers_s for process in processes)
    needed = math.ceil(event.peak / (together / len(processes)))
    usable = max(1, slowest.cores - (cores_for_target if slowest.machine == socket.gethostname() else 0))
    sentence = (
        f"the load generator can start {capacity:g} viewers per second (calibration), and the event has "
        f"{event.peak:.4g} arrivals per second at its peak: "
    )
    if together < event.peak:
        sentence += (
            f"process {slowest.share + 1} of {len(processes)} on {slowest.machine} needs more than one core "
            f"({slowest.viewers_s:g} viewers per second with one)"
        )
    else:
        generating = plural(len(processes), "generating process", "generating processes")
        others = ", the service and the mock" if usable < slowest.cores else ""
        sentence += f"{slowest.machine} has {plural(slowest.cores, 'core')} for {generating}{others}"
    remedy = (
        f"generate with --processes {needed}"
        if needed <= usable
        else f"generate on more machines (--expect-workers {max(needed, len(processes))})"
    )
    return f"{sentence}; {remedy}, or make the audience smaller"
