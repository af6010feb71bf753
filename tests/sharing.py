"""A pytest plugin that orders test files so that the slowest run first.

With ``--dist loadfile --no-loadscope-reorder`` a worker of pytest-xdist runs whole files in this order: fixtures of
a file are set up once, and no slow file is left for the end.
"""

from __future__ import annotations

import pytest

FIRST = (
    "tests/packaging/test_ci_runs.py",
    "tests/packaging/test_wheel.py",
    "tests/conformance_run/test_judged_runs.py",
    "tests/documentation/test_examples_run.py",
    "tests/conformance_run/test_node_service.py",
    "tests/mock_server/test_shared_store.py",
    "tests/deployment/test_spike.py",
    "tests/load/test_load_runs.py",
    "tests/matrix/test_matrix.py",
    "tests/load/test_forecast_accuracy.py",
    "tests/conformance_run/test_doctor.py",
    "tests/packaging/test_completion.py",
    "tests/mock_server/test_events.py",
    "tests/mock_server/test_schemathesis.py",
    "tests/clients/test_control_client_examples.py",
    "tests/clients/test_collections.py",
)
"""The files that take longest, longest first: half a minute or more (``pytest --durations=50`` shows them)."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    ranks = {file: rank for rank, file in enumerate(FIRST)}
    items.sort(key=lambda item: ranks.get(item.nodeid.partition("::")[0], len(FIRST)))
