"""The plugin gives tests a mock, and costs nothing where it is not used."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import httpx

from conformance.pytest_mock import AdobePass

URLS: list[str] = []


def test_the_fixture_gives_a_running_mock(adobe_pass: AdobePass) -> None:
    URLS.append(adobe_pass.url)
    statement = adobe_pass.do(lambda control: control.software_statement())
    answer = httpx.post(f"{adobe_pass.url}/o/client/register", json={"software_statement": statement})
    assert answer.status_code == 201
    page = adobe_pass.do(lambda control: control.exchanges())
    assert [exchange.endpoint for exchange in page.exchanges] == ["dcr.register"]


def test_each_test_has_a_space_of_its_own(adobe_pass: AdobePass) -> None:
    assert adobe_pass.url not in URLS
    assert adobe_pass.do(lambda control: control.exchanges()).exchanges == []


def test_an_unused_plugin_imports_nothing_of_the_suite() -> None:
    code = (
        "import sys, conformance.pytest_plugin\n"
        "assert not {'httpx', 'msgspec', 'mock_server', 'conformance.registry'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def run_pytest(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-W", "error", *arguments]
    return subprocess.run(command, cwd=folder, text=True, capture_output=True, check=False, timeout=60)


def test_a_service_toml_that_cannot_be_used_is_a_usage_error(tmp_path: Path) -> None:
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
