"""The demo: mock and example service as real processes, driven and judged, and nothing left behind but a report."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from conformance import example
from conformance.reports.model import Report
from conformance.rule import Rule
from conformance.runner import Announce, judge_service
from conformance.scenarios import SCENARIOS
from conformance.scenarios.scenario import Scenario
from conformance.waivers import Waivers

JUDGED = Path("fixtures/programmer_service/service.toml")
"""What reports name as judged, wherever the package is installed."""


def demonstrate(
    defects: Sequence[str],
    rules: Sequence[type[Rule]],
    *,
    scenarios: Sequence[type[Scenario]] = SCENARIOS,
    seed: int,
    announce: Announce,
    waivers: Waivers | None = None,
) -> Report:
    """Judges the example service with these defects. Raises `ConfigError` for a defect that it does not have."""
    example.known_defects(defects)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pass-demo-")))
        mock = stack.enter_context(example.mock(folder))
        service = stack.enter_context(example.programmer_service(folder, mock.url, defects))
        announce(f"mock at {mock.url}, example service at {service.url}")
        return asyncio.run(
            judge_service(
                replace(example.service_toml(service.url), path=JUDGED),
                mock.url,
                rules,
                scenarios=scenarios,
                seed=seed,
                announce=announce,
                restarter=service.restart,
                repointer=service.repoint,
                waivers=waivers,
            )
        )
