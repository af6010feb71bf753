"""A mock in a process of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from conformance import example


@pytest.fixture(scope="session")
def mock_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with example.mock(tmp_path_factory.mktemp("mock")) as mock:
        yield mock.url
