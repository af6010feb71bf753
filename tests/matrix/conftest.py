"""Judged runs of the compliant example service, and of every defect that the selected tests need."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from functools import partial

import pytest
from matrix_expected import COMPLIANT
from matrix_runs import Outcome, Trial, run
from matrix_scenarios import PLAYS

from pass_harness.conformance.scenarios import SCENARIOS
from pass_harness.fixtures.programmer_service.defects import DEFECTS

REAL_TIME = "PASS_HARNESS_MATRIX_IN_REAL_TIME"
"""Environment variable: if set, runs take real time."""
FULL = "PASS_HARNESS_FULL_MATRIX"
"""Environment variable: if set, every defect plays every scenario, as the compliant service always does."""
PROCESSES = 1 if "PYTEST_XDIST_WORKER" in os.environ else 2
"""Another pytest-xdist worker uses the other core."""


def trial(defect: str) -> Trial:
    """Return the run of a defect: its tripping scenarios, or all if they are unknown or insufficient."""
    if defect not in PLAYS or FULL in os.environ or REAL_TIME in os.environ:
        return Trial((defect,))
    return Trial((defect,), tuple(one for one in SCENARIOS if one.id in PLAYS[defect]))


@pytest.fixture(scope="session")
def outcomes(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Outcome]:
    """The outcome of each run by the name of its defect."""
    chosen = {
        item.callspec.params.get("defect") for item in request.session.items if hasattr(item, "callspec")
    }  # a single selected test costs a single run
    runs = {COMPLIANT: Trial(), **{name: trial(name) for name in DEFECTS if name in chosen}}
    shares = [dict(list(runs.items())[nth::PROCESSES]) for nth in range(PROCESSES)]
    folders = [tmp_path_factory.mktemp("matrix") for _ in shares]
    with ProcessPoolExecutor(PROCESSES, multiprocessing.get_context("spawn")) as pool:
        judged = pool.map(partial(run, virtual=REAL_TIME not in os.environ), folders, shares)
        return {name: outcome for share in judged for name, outcome in share.items()}
