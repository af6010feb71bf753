"""The docs are in step with the code: every name that users can use is in the reference."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from collections.abc import Callable
from datetime import date
from importlib.metadata import requires
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from docs.tooling import reference
from pass_harness.conformance.cli.main import main as conformance
from pass_harness.mock_server.adobe.errors import DCR_ERRORS, ENHANCED_ERRORS
from pass_harness.mock_server.adobe.sso_errors import SSO_ERRORS
from pass_harness.mock_server.behaviours.effects import Effect, Lifetimes
from pass_harness.mock_server.behaviours.model import Behaviour, Match
from pass_harness.mock_server.catalogue import Application, Integration, Mvpd, ServiceProvider, Subscriber, TempPass
from pass_harness.mock_server.config.loading import load_settings
from pass_harness.mock_server.config.settings import Bounds, DefaultLifetimes, Undocumented
from pass_harness.mock_server.exchange import Exchange
from pass_harness.mock_server.routes import CONTROL_CALLS, ENDPOINTS
from pass_harness.mock_server.signing.keys import KeySettings
from tests.mock_server import departures_table

ROOT = Path(__file__).parent.parent
REFERENCE = ROOT / "docs" / "reference"


def words(name: str) -> set[str]:
    return set(re.findall(r"[a-z0-9_.-]+[a-z0-9]", (REFERENCE / name).read_text("utf-8")))


SETTINGS = [Application, Behaviour, Bounds, DefaultLifetimes, Effect, Lifetimes, Match, Mvpd, Integration]
SETTINGS += [KeySettings, ServiceProvider, Subscriber, TempPass, Undocumented]


@pytest.mark.parametrize("struct", SETTINGS)
def test_every_setting_is_documented(struct: type[msgspec.Struct]) -> None:
    assert set(struct.__struct_encode_fields__) - words("configuration.md") == set()


def test_the_example_configuration_is_valid(tmp_path: Path) -> None:
    blocks = re.findall(r"```toml\n(.*?)```", (REFERENCE / "configuration.md").read_text("utf-8"), re.DOTALL)
    file = tmp_path / "mock.toml"
    file.write_text("\n".join(blocks))
    assert "OURS" in load_settings(file).catalogue.service_providers


@pytest.mark.parametrize(("name", "page"), reference.PAGES.items())
def test_generated_pages_are_up_to_date(name: str, page: Callable[[], str]) -> None:
    assert (REFERENCE / name).read_text("utf-8") == page(), "make reference"


def test_the_page_of_rules_equals_the_output_of_the_command() -> None:
    printed = CliRunner().invoke(conformance, ["rules", "--rules", "next", "--format", "markdown"]).output
    assert re.sub(r"\[(`[a-z.0-9-]+`)\]\(rules/.*?\)", r"\1", reference.rules()) == printed


def test_every_page_is_in_the_menu_of_the_site() -> None:
    menu = (ROOT / "mkdocs.yml").read_text("utf-8")
    pages = [str(page.relative_to(ROOT / "docs")) for page in ROOT.glob("docs/**/*.md")]
    assert [page for page in pages if f"{page}\n" not in menu] == [], "name it under nav in mkdocs.yml"


def test_every_member_of_an_exchange_is_documented() -> None:
    assert set(Exchange.__struct_fields__) - words("journal.md") == set()


def test_every_endpoint_is_documented() -> None:
    text = (REFERENCE / "endpoints.md").read_text("utf-8")
    for endpoint in ENDPOINTS:
        assert f"| `{endpoint.id}` | {endpoint.method} {endpoint.path} |" in text


def test_every_error_is_documented() -> None:
    text = (REFERENCE / "errors.md").read_text("utf-8")
    for error in [*ENHANCED_ERRORS.values(), *SSO_ERRORS.values()]:
        assert f"| `{error.code}` | {error.action} | {error.status} |" in text
    assert {error for error in DCR_ERRORS if f"| `{error}` |" not in text} == set()


def test_every_header_that_the_mock_reads_is_documented() -> None:
    text = (REFERENCE / "headers.md").read_text("utf-8").lower()
    sources = "".join(path.read_text("utf-8") for path in (ROOT / "mock_server").rglob("*.py"))
    read = set(
        re.findall(
            r'header\("([a-z-]+)"\)|"(a[dp]-[a-z-]+|adobe-[a-z-]+-token|x-roku-[a-z-]+|x-sso-[a-z]+)"', sources
        )
    )
    names = {name for pair in read for name in pair if name}
    assert "ap-device-identifier" in names
    assert {name for name in names if f"`{name}`" not in text} == set()


def test_the_page_of_departures_is_up_to_date() -> None:
    assert departures_table.PAGE.read_text("utf-8") == departures_table.page()


def test_every_control_call_is_documented() -> None:
    text = (REFERENCE / "control-api.md").read_text("utf-8")
    for method, path, _ in CONTROL_CALLS:
        assert f"| `{method} /_mock{path}` |" in text


def test_every_field_of_the_dashboards_filter_is_documented() -> None:
    script = (ROOT / "mock_server" / "dashboard" / "static" / "filter.js").read_text("utf-8")
    fields = re.findall(r"^  (\w+): \(", script, re.MULTILINE)
    assert "endpoint" in fields
    assert {field for field in fields if f"`{field}`" not in (REFERENCE / "dashboard.md").read_text("utf-8")} == set()


def test_every_dependency_has_its_reason() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    optional = [name for extra in project["optional-dependencies"].values() for name in extra]
    for requirement in [*project["dependencies"], *optional]:
        name = re.split(r"[\[<>=;~ ]", requirement)[0]
        assert name == "pass-harness" or re.search(rf"\b{re.escape(name)}\b", text), name
    assert requires("pass-harness")


def test_every_dependency_is_locked() -> None:
    """`make` installs the lock file, so it must satisfy pyproject.toml."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    optional = [line for extra in project["optional-dependencies"].values() for line in extra]
    text = (ROOT / "requirements" / "dev.txt").read_text("utf-8")
    locked = dict(re.findall(r"^([a-z0-9-]+)(?:\[[a-z,]+\])?==([^ ;]+)", text, re.MULTILINE))
    wanting = [
        requirement
        for requirement in map(Requirement, [*project["dependencies"], *optional])
        if requirement.name != project["name"]
        and not requirement.specifier.contains(locked.get(canonicalize_name(requirement.name), "0"), prereleases=True)
    ]
    assert wanting == [], "lock them: make lock"


@pytest.mark.slow
def test_the_commands_of_the_readme_exist() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    named = set(re.findall(r"(pass-(?:mock|conformance|load)) ([a-z][a-z-]+)", text))
    assert ("pass-mock", "serve") in named
    for command, subcommand in sorted(named):
        done = subprocess.run(
            [Path(sys.executable).with_name(command), subcommand, "--help"],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{command} {subcommand}: {done.stderr}"


@pytest.mark.parametrize("page", sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]), ids=lambda page: page.name)
def test_links_between_pages_resolve(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?://|#)([^)#]+)", page.read_text("utf-8")):
        assert (page.parent / target).exists(), target


def test_the_changelog_begins_with_the_current_version() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    headings = re.findall(r"^## \[(.+)\](?: - (.+))?$", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    releases = [(name, date.fromisoformat(on)) for name, on in headings if name != "Unreleased"]
    assert releases[0][0] == version
    assert releases == sorted(releases, key=lambda release: release[1], reverse=True)
    pages = "".join(path.read_text("utf-8") for path in (ROOT / "docs").rglob("*") if path.suffix in {".md", ".yml"})
    assert set(re.findall(r"pass_harness-([\w.]+)-py3", pages)) <= {version}


def test_the_threat_list_names_existing_tests() -> None:
    page = (ROOT / "docs" / "explanation" / "security.md").read_text("utf-8")
    rows = [line for line in page.splitlines() if line.startswith("| ") and "| threat |" not in line]
    tests = {path.name for path in (ROOT / "tests").rglob("test_*.py")}
    assert len(rows) > 20
    assert {name.rpartition("/")[2] for name in re.findall(r"`([\w/]*test_\w+\.py)`", page)} <= tests
    assert [row for row in rows if "test_" not in row and "| the same |" not in row] == []
