"""The pytest plugin: a mock for tests, also where only the mock is installed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from pass_harness.mock_server.testing import AdobePass, MockFailed, fresh_space, running_mock

pytestmark = pytest.mark.slow

URLS: list[str] = []


def test_the_fixture_gives_a_running_mock(adobe_pass: AdobePass) -> None:
    URLS.append(adobe_pass.url)
    statement = {"software_statement": adobe_pass.software_statement()}
    answer = httpx.post(f"{adobe_pass.url}/o/client/register", json=statement, trust_env=False)
    assert answer.status_code == 201
    assert [exchange.endpoint for exchange in adobe_pass.control.exchanges().exchanges] == ["dcr.register"]
    assert adobe_pass.control.findings().judged == 1


def test_each_test_has_a_space_of_its_own(adobe_pass: AdobePass, adobe_pass_mock: str) -> None:
    assert adobe_pass.url.startswith(adobe_pass_mock)
    assert adobe_pass.url not in URLS
    assert adobe_pass.control.exchanges().exchanges == []
    assert adobe_pass.url.rpartition("~")[2] in adobe_pass.control.spaces()
    for earlier in URLS:
        assert earlier.rpartition("~")[2] not in adobe_pass.control.spaces()


def test_a_test_revokes_the_software_statement_of_its_service(adobe_pass: AdobePass) -> None:
    register = f"{adobe_pass.url}/o/client/register"
    statement = {"software_statement": adobe_pass.software_statement()}
    assert httpx.post(register, json=statement, trust_env=False).status_code == 201
    assert adobe_pass.control.set_application(approved=False) == 1
    answer = httpx.post(register, json=statement, trust_env=False)
    assert (answer.status_code, answer.json()) == (400, {"error": "unapproved_software_statement"})


@pytest.mark.anyio
async def test_there_is_an_asynchronous_client(adobe_pass: AdobePass) -> None:
    async with adobe_pass.async_control() as control:
        assert (await control.clock()).offset == 0


def test_an_unused_plugin_imports_nothing_of_the_mock() -> None:
    mock = "pass_harness.mock_server"
    code = f"import sys, {mock}.pytest_plugin\nassert not {{'httpx', 'msgspec', '{mock}.app'}} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_mock_that_does_not_come_up_says_why() -> None:
    with pytest.raises(MockFailed, match=r"did not start: .*none\.toml: cannot be read"):
        running_mock("--config", "none.toml").__enter__()


def test_a_mock_with_a_control_token_is_used_with_it() -> None:
    with running_mock("--control-token", "s3cret") as url, fresh_space(url, token="s3cret") as adobe_pass:
        assert adobe_pass.control.health().status == "ok"


USING = """
import asyncio
import sys

def test_one(adobe_pass):
    assert adobe_pass.control.add_behaviour({"status": 503}) == "b1"

def test_two(adobe_pass):
    assert adobe_pass.control.behaviours() == []
    assert adobe_pass.software_statement().count(".") == 2

def test_nothing_else_is_there():
    assert "conformance" not in sys.modules or sys.modules["conformance"] is None
"""
ALONE = """
import sys
for name in ("conformance", "load"):
    sys.modules[name] = None  # as if it were not installed
import pytest
options = ["-q", "-W", "error", "-p", "no:cacheprovider", "-p", "pass_harness.mock_server.pytest_plugin"]
sys.exit(pytest.main([*options, *sys.argv[1:]]))
"""


@pytest.mark.parametrize("given", [False, True])
def test_the_fixture_works_where_only_the_mock_is_installed(
    given: bool, tmp_path: Path, adobe_pass_mock: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    (tmp_path / "test_using.py").write_text(USING)
    arguments = ["--pass-mock", adobe_pass_mock] if given else []
    ended = subprocess.run(
        [sys.executable, "-c", ALONE, *arguments],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (ended.returncode, "3 passed" in ended.stdout) == (0, True), ended.stdout + ended.stderr
