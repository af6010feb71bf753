"""The pytest plugin of the suite collects rules as tests, and imports nothing if it is not used."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow


def test_an_unused_plugin_imports_nothing_of_the_suite() -> None:
    code = (
        "import sys, pass_harness.conformance.pytest_plugin\n"
        "assert not {'httpx', 'msgspec', 'mock_server', 'pass_harness.conformance.registry'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def run_pytest(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-W", "error", *arguments]
    return subprocess.run(command, cwd=folder, text=True, capture_output=True, check=False, timeout=60)


def test_an_invalid_service_toml_is_a_usage_error(tmp_path: Path) -> None:
    ended = run_pytest(tmp_path, "--pass-service=nowhere.toml")
    assert ended.returncode == 4
    assert "nowhere.toml: cannot be read" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_run_that_judged_nothing_fails(tmp_path: Path) -> None:
    toml = '[service]\nbase_url = "http://127.0.0.1:9"\n[verbs.start]\nrequest = "POST /start"\n'
    (tmp_path / "service.toml").write_text(toml, "utf-8")
    ended = run_pytest(tmp_path, "--pass-service=service.toml", "--pass-mock=http://127.0.0.1:9")
    assert ended.returncode == 1
    assert "no mock answers at http://127.0.0.1:9" in ended.stdout


def test_rules_can_be_chosen_by_name(tmp_path: Path) -> None:
    toml = '[service]\nbase_url = "http://127.0.0.1:9"\n[verbs.start]\nrequest = "POST /start"\n'
    (tmp_path / "service.toml").write_text(toml, "utf-8")
    ended = run_pytest(tmp_path, "--pass-service=service.toml", "-k", "poll-interval", "--collect-only", "-q")
    assert "service.toml::authentication.poll-interval" in ended.stdout
    assert "configuration.cached" not in ended.stdout


def test_an_unknown_rule_set_is_a_usage_error(tmp_path: Path) -> None:
    toml = '[service]\nbase_url = "http://127.0.0.1:9"\n[verbs.start]\nrequest = "POST /start"\n'
    (tmp_path / "service.toml").write_text(toml, "utf-8")
    ended = run_pytest(tmp_path, "--pass-service=service.toml", "--pass-rules=1999.1")
    assert ended.returncode == 4
    assert "no rule set '1999.1'; available: " in ended.stderr


def test_a_failed_configuration_shows_no_secret(tmp_path: Path) -> None:
    """A driver may print anything before it ends."""
    driver = 'command = ["sh", "-c", "echo client_secret=hush-4711 >&2"]'
    (tmp_path / "service.toml").write_text(f'[service]\nbase_url = "http://127.0.0.1:9"\n{driver}\n', "utf-8")
    code = (
        "from pathlib import Path; from pass_harness.conformance.pytest_rules import *\n"
        "run = JudgedRun(load(Path('service.toml')), 'http://127.0.0.1:9', None, rule_sets.named(None))\n"
        "run._outcome = ConfigError('its stderr:\\nclient_secret=hush-4711')\n"
        "try: run.report\n"
        "except pytest.fail.Exception as failure: print(failure)"
    )
    shown = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, text=True, capture_output=True, check=True)
    assert "CONFIG: its stderr:\nclient_secret=sha256:" in shown.stdout
    assert "hush" not in shown.stdout
