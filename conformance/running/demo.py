"""The demo: runs mock and example service as processes, judges the service, and leaves only the report behind."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from pass_harness.conformance.evaluation.waivers import Waivers
from pass_harness.conformance.reports.model import Report
from pass_harness.conformance.rule import Rule
from pass_harness.conformance.running import child_processes
from pass_harness.conformance.running.judged_run import Announce, judge_service
from pass_harness.conformance.scenarios import SCENARIOS
from pass_harness.conformance.scenarios.scenario import Scenario

EXAMPLE = Path("fixtures/programmer_service/service.toml")
"""Path that reports show, independent of the place of installation."""


def demonstrate(
    changes: Sequence[str],
    rules: Sequence[type[Rule]],
    *,
    scenarios: Sequence[type[Scenario]] = SCENARIOS,
    left_out_because: str = "",
    seed: int,
    announce: Announce,
    waivers: Waivers | None = None,
) -> Report:
    """Run and judge the example service with defects and liberties."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pass-demo-")))
        mock = stack.enter_context(child_processes.mock(folder))
        service = stack.enter_context(child_processes.programmer_service(folder, mock.url, changes))
        announce(f"mock at {mock.url}, example service at {service.url}")
        return asyncio.run(
            judge_service(
                replace(child_processes.service_toml(service.url), path=EXAMPLE),
                mock.url,
                rules,
                scenarios=scenarios,
                left_out_because=left_out_because,
                seed=seed,
                announce=announce,
                restarter=service.restart,
                repointer=service.repoint,
                waivers=waivers,
            )
        )
