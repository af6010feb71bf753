"""The extras of pyproject.toml, and what the code says of them."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from pass_harness.mock_server.formats.usage_error import ConfigError
from pass_harness.mock_server.optional_dependencies import EXTRAS, require

ROOT = Path(__file__).parent.parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def distributions(extra: str) -> set[str]:
    """What pyproject.toml lists for an extra, that of the extras in it included."""
    found = set()
    for line in PROJECT["optional-dependencies"][extra]:
        requirement = Requirement(line)
        if requirement.name == PROJECT["name"]:
            for inner in requirement.extras:
                found |= distributions(inner)
        else:
            found.add(canonicalize_name(requirement.name))
    return found


@pytest.mark.parametrize("extra", EXTRAS)
def test_the_modules_of_an_extra_come_with_it(extra: str) -> None:
    of_module = packages_distributions()
    asked = {canonicalize_name(of_module[module][0]) for module in EXTRAS[extra]}
    assert asked == distributions(extra)


def test_every_extra_for_users_is_asked_for() -> None:
    assert set(PROJECT["optional-dependencies"]) - {"all", "dev", "docs"} == set(EXTRAS)
    assert distributions("all") == set().union(*(distributions(extra) for extra in EXTRAS))


def test_a_missing_module_is_named_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "locust", None)
    require("conformance", "this")
    with pytest.raises(
        ConfigError, match=r"^pass-load needs packages that are not installed \(locust\): .*pass-harness\[load\]"
    ):
        require("load", "pass-load")


@pytest.mark.slow
@pytest.mark.parametrize(
    "started",
    [
        "pass_harness.mock_server.cli.main",
        "pass_harness.mock_server.server.serve",
        "pass_harness.conformance.running.live_rules",
        "pass_harness.conformance.pytest_plugin",
        "pass_harness.mock_server.testing",
    ],
)
def test_the_mock_needs_no_extra(started: str) -> None:
    """What a mock imports, with its live rules and pytest plugins, where no extra is installed."""
    hidden = sorted(set().union(*EXTRAS.values()))
    code = f"import sys; sys.modules.update(dict.fromkeys({hidden})); import {started}"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("started", "unneeded"),
    [
        ("pass_harness.mock_server.cli.main", "cryptography starlette uvicorn httpx tree_sitter"),
        ("pass_harness.mock_server.server.serve", "httpx tree_sitter dns trustme jinja2"),
        ("pass_harness.conformance.running.live_rules", "httpx click starlette"),
    ],
)
def test_what_is_not_needed_at_the_start_is_not_imported(started: str, unneeded: str) -> None:
    code = f"import sys, {started}; print(sorted(set('{unneeded}'.split()) & set(sys.modules)))"
    told = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert told == "[]\n"
