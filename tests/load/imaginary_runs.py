"""Reports of imaginary runs: another random audience, whose calls differ from a forecast by a known factor."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from pass_harness.load.event import Event
from pass_harness.load.forecast.call_ledger import ENDPOINTS
from pass_harness.load.forecast.habits import COMPLIANT
from pass_harness.load.forecast.incident_effects import effects_of
from pass_harness.load.forecast.simulation import simulate
from pass_harness.load.report.model import event_report


def run_report(event: Event, seed: int, factor: float = 1.0, step: int = 1) -> dict[str, Any]:
    """Return the members of report.json that a forecast reads."""
    tally = simulate(event, COMPLIANT, effects_of(event), seed=seed, instances=1, most_calls=1e9)
    calls = np.add.reduceat(tally.calls * factor, np.arange(0, tally.calls.shape[1], step), axis=1)
    series = {
        endpoint: [round(value) for value in values]
        for endpoint, values in zip(ENDPOINTS, calls, strict=True)
        if values.any()
    }
    return {
        "verdict": "passed",
        "invalid": [],
        "event": msgspec.to_builtins(event_report(event, seed)),
        "adobe": {"calls": sum(map(sum, series.values()))},
        "series": {"step_seconds": float(step), "calls": series},
    }


def write(report: dict[str, Any], path: Path) -> Path:
    path.write_bytes(msgspec.json.encode(report))
    return path
