"""The pytest plugin: rules as tests, and a mock of Adobe Pass as a fixture.

``pytest --pass-service SERVICE.toml`` adds one test per rule, judged on one run of all scenarios. The fixture
`adobe_pass` gives a test a space of its own in a running mock. Nothing else of the suite is imported until one
of them is used.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conformance.pytest_mock import AdobePass


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("pass-harness", "conformance with Adobe Pass")
    group.addoption(
        "--pass-service",
        metavar="SERVICE.toml",
        help="judge the Programmer Service that this file describes: one test per rule",
    )
    group.addoption(
        "--pass-mock",
        metavar="URL",
        help="the mock that the service and the fixture adobe_pass use (default: [mock] url; for the fixture, "
        "a mock of its own)",
    )


@pytest.hookimpl(tryfirst=True)  # so that -k and -m choose among rules too
def pytest_collection_modifyitems(session: pytest.Session, config: pytest.Config, items: list[pytest.Item]) -> None:
    service = config.getoption("pass_service")
    if service:
        from conformance.pytest_rules import rule_items  # noqa: PLC0415 - costs nothing where it is not asked for

        items.extend(rule_items(session, Path(service), config.getoption("pass_mock")))


@pytest.fixture(scope="session")
def adobe_pass_mock(request: pytest.FixtureRequest) -> Iterator[str]:
    """The base URL of a running mock: that of --pass-mock, or one started for this session."""
    from conformance.pytest_mock import running_mock  # noqa: PLC0415 - as above

    with running_mock(request.config.getoption("pass_mock")) as url:
        yield url


@pytest.fixture
def adobe_pass(adobe_pass_mock: str) -> AdobePass:
    """A space of this test's own in the mock: its base URL for the service, and its control API."""
    from conformance.pytest_mock import AdobePass  # noqa: PLC0415 - as above

    return AdobePass.in_new_space(adobe_pass_mock)
