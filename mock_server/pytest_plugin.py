"""The pytest plugin of the mock: the fixture `adobe_pass` gives a test Adobe Pass of its own.

Nothing else of the mock is imported until a test asks for it.
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
        help="the mock that the fixture adobe_pass uses (default: one that is started for the session)",
    )
    group.addoption("--pass-mock-token", metavar="TOKEN", help="the control token of that mock")


@pytest.fixture(scope="session")
def adobe_pass_mock(request: pytest.FixtureRequest) -> Iterator[str]:
    """The base URL of a running mock: that of --pass-mock, or one started for this session.

    Override it to start the mock your way: ``with running_mock("--config", "mock.toml") as url: yield url``.
    """
    from pass_harness.mock_server.testing import MockFailed, running_mock  # noqa: PLC0415 - costs nothing where it is not used

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
    """A space of this test's own in the mock: its base URL for the service, its control API, software statements."""
    from pass_harness.mock_server.testing import fresh_space  # noqa: PLC0415 - as above

    with fresh_space(adobe_pass_mock, token=request.config.getoption("pass_mock_token")) as space:
        yield space
