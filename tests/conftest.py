"""Fixtures for every folder."""

from __future__ import annotations

import pytest
from hypothesis import settings

# Examples have no deadline: a busy machine must not fail a test.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")

pytest_plugins = ("tests.everyday", "tests.sharing")


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"
