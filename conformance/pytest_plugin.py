"""The pytest plugin of the suite: rules as tests.

``pytest --pass-service SERVICE.toml`` adds one test per rule, judged on one run of all scenarios. Without that option
the plugin imports nothing else of the suite.
"""

from __future__ import annotations

from pathlib import Path

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("pass-harness", "conformance with Adobe Pass")
    group.addoption(
        "--pass-service",
        metavar="SERVICE.toml",
        help="run every scenario against the Programmer Service that this file describes, and report each rule as a "
        "test; the mock is that of --pass-mock (default: [mock] url of the file)",
    )
    group.addoption(
        "--pass-rules",
        metavar="VERSION",
        help="rule set of --pass-service (default: the newest released one)",
    )


@pytest.hookimpl(tryfirst=True)  # before pytest applies -k and -m, so that these select rules too
def pytest_collection_modifyitems(session: pytest.Session, config: pytest.Config, items: list[pytest.Item]) -> None:
    service = config.getoption("pass_service")
    if service:
        # Imported here, so that pytest starts as fast as before without the option.
        from pass_harness.mock_server.formats.usage_error import ConfigError  # noqa: PLC0415
        from pass_harness.mock_server.optional_dependencies import require  # noqa: PLC0415

        try:
            require("conformance", "--pass-service")
        except ConfigError as error:
            raise pytest.UsageError(str(error)) from error
        from pass_harness.conformance.pytest_rules import rule_items  # noqa: PLC0415

        mock, token = config.getoption("pass_mock"), config.getoption("pass_mock_token")
        items.extend(rule_items(session, Path(service), mock, token, config.getoption("pass_rules")))
