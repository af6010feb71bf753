"""A mock in a process of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pass_harness.conformance.running import child_processes


@pytest.fixture(scope="session")
def mock_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with child_processes.mock(tmp_path_factory.mktemp("mock")) as mock:
        yield mock.url
