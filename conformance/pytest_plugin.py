"""The pytest plugin of the suite: rules as tests.

``pytest --pass-service SERVICE.toml`` adds one test per rule, judged on one run of all scenarios. Nothing else of the
suite is imported until then.
"""

from __future__ import annotations

from pathlib import Path

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("pass-harness", "conformance with Adobe Pass")
    group.addoption(
        "--pass-service",
        metavar="SERVICE.toml",
        help="judge the Programmer Service that this file describes, one test per rule, with the mock of --pass-mock "
        "(default: [mock] url)",
    )
    group.addoption(
        "--pass-rules",
        metavar="VERSION",
        help="the rule set that --pass-service judges by (default: the newest released one)",
    )


@pytest.hookimpl(tryfirst=True)  # so that -k and -m choose among rules too
def pytest_collection_modifyitems(session: pytest.Session, config: pytest.Config, items: list[pytest.Item]) -> None:
    service = config.getoption("pass_service")
    if service:
        # Costs nothing where it is not asked for.
        from pass_harness.mock_server.formats.usage_error import ConfigError  # noqa: PLC0415
        from pass_harness.mock_server.optional_dependencies import require  # noqa: PLC0415

        try:
            require("conformance", "--pass-service")
        except ConfigError as error:
            raise pytest.UsageError(str(error)) from error
        from pass_harness.conformance.pytest_rules import rule_items  # noqa: PLC0415

        mock, token = config.getoption("pass_mock"), config.getoption("pass_mock_token")
        items.extend(rule_items(session, Path(service), mock, token, config.getoption("pass_rules")))
