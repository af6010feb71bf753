"""The extras of pyproject.toml, and the error messages that name them."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from importlib.metadata import distribution, packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from pass_harness.mock_server.formats.usage_error import ConfigError
from pass_harness.mock_server.optional_dependencies import EXTRAS, require

ROOT = Path(__file__).parent.parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def distributions(extra: str) -> set[str]:
    """Return the distributions of an extra in pyproject.toml, including those of extras that it contains."""
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
def test_the_modules_of_an_extra_are_installed_by_it(extra: str) -> None:
    assert {distribution_of(module) for module in EXTRAS[extra]} == distributions(extra)


def distribution_of(module: str) -> str:
    """Return the distribution that a module comes from; modules of one namespace come from several."""
    files = f"{module.replace('.', '/')}/"
    candidates = packages_distributions()[module.partition(".")[0]]
    names = [
        name for name in candidates if any(str(file).startswith(files) for file in distribution(name).files or ())
    ]
    return canonicalize_name((names or candidates)[0])


def test_every_user_extra_is_named_by_an_error() -> None:
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
        "pass_harness.conformance.fidelity.records",
        "pass_harness.conformance.pytest_plugin",
        "pass_harness.mock_server.testing",
    ],
)
def test_the_mock_needs_no_extra(started: str) -> None:
    """Import the mock, its live rules and its pytest plugins in an environment without extras."""
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
def test_optional_modules_are_imported_lazily(started: str, unneeded: str) -> None:
    code = f"import sys, {started}; print(sorted(set('{unneeded}'.split()) & set(sys.modules)))"
    told = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert told == "[]\n"
