"""The pytest plugin of the mock, with the fixture `adobe_pass`: a space of the mock for each test.

It imports the rest of the mock only when a test uses the fixture.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pass_harness.mock_server.testing import AdobePass


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("pass-mock", "a mock of Adobe Pass")
    group.addoption(
        "--pass-mock",
        metavar="URL",
        help="base URL of a running mock for the fixture adobe_pass (default: start one for the session)",
    )
    group.addoption("--pass-mock-token", metavar="TOKEN", help="control token of the mock of --pass-mock")


@pytest.fixture(scope="session")
def adobe_pass_mock(request: pytest.FixtureRequest) -> Iterator[str]:
    """Yield the base URL of a running mock: that of --pass-mock, or one started for this session.

    Override it to start the mock your way: ``with running_mock("--config", "mock.toml") as url: yield url``.
    """
    from pass_harness.mock_server.testing import MockFailed, running_mock  # noqa: PLC0415 - see the module

    given = request.config.getoption("pass_mock")
    if given:
        yield given.rstrip("/")
        return
    try:
        with running_mock() as url:
            yield url
    except MockFailed as error:
        pytest.fail(str(error), pytrace=False)


@pytest.fixture
def adobe_pass(adobe_pass_mock: str, request: pytest.FixtureRequest) -> Iterator[AdobePass]:
    """Yield a space of the mock for this test: base URL, control API client, software statements."""
    from pass_harness.mock_server.testing import fresh_space  # noqa: PLC0415 - see the module

    with fresh_space(adobe_pass_mock, token=request.config.getoption("pass_mock_token")) as space:
        yield space
