"""Judged runs of the compliant example service, and of each defect and liberty that the selected tests need."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from functools import partial

import pytest
from matrix_expected import COMPLIANT
from matrix_runs import Outcome, Trial, run
from matrix_scenarios import FULL, PLAYS
from real_time_sample import CHANGES as SAMPLED
from real_time_sample import REAL_TIME, SAMPLE
from shared_work import shared

from pass_harness.conformance.scenarios import SCENARIOS
from pass_harness.fixtures.programmer_service.changes import CHANGES

SHARES = 4
"""Parts of the runs, which the workers of pytest-xdist divide among themselves; without it, two processes do."""
LONG_S = 3600
"""Time limit of a test that waits for runs of every scenario, or in real time."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Allow long runs their time, and keep only the tests that judge the runs of the sample if these are to run."""
    if FULL in os.environ or REAL_TIME in os.environ:
        for item in items:
            if "outcomes" in getattr(item, "fixturenames", ()):
                item.add_marker(pytest.mark.timeout(LONG_S))
    if os.environ.get(REAL_TIME) != SAMPLE:
        return
    kept = [item for item in items if "outcomes" in getattr(item, "fixturenames", ()) and _sampled(item)]
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = kept


def _sampled(item: pytest.Item) -> bool:
    change = item.callspec.params.get("change") if hasattr(item, "callspec") else COMPLIANT
    return change in SAMPLED | {COMPLIANT}


def trial(change: str) -> Trial:
    """Return the run of a defect or liberty: the scenarios that show it, or all if none are listed."""
    if change not in PLAYS or FULL in os.environ or REAL_TIME in os.environ:
        return Trial((change,))
    return Trial((change,), tuple(one for one in SCENARIOS if one.id in PLAYS[change]))


@pytest.fixture(scope="session")
def outcomes(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Outcome]:
    """The outcome of each run by the name of its defect or liberty."""
    chosen = {
        item.callspec.params.get("change") for item in request.session.items if hasattr(item, "callspec")
    }  # a single selected test costs a single run
    runs = {COMPLIANT: Trial(), **{name: trial(name) for name in CHANGES if name in chosen}}
    shares = [dict(list(runs.items())[nth::SHARES]) for nth in range(SHARES)]
    folders = [tmp_path_factory.mktemp("matrix") for _ in shares]
    judge = partial(run, virtual=REAL_TIME not in os.environ)
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    with ProcessPoolExecutor(1 if workers > 1 else 2, multiprocessing.get_context("spawn")) as pool:
        if workers > 1:
            common = tmp_path_factory.getbasetemp().parent / "matrix-runs"
            judged = shared(common, SHARES, lambda nth: pool.submit(judge, folders[nth], shares[nth]).result())
        else:
            judged = list(pool.map(judge, folders, shares))
    return {name: outcome for share in judged for name, outcome in share.items()}
