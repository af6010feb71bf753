"""The proxy as a process in front of a mock process, over TLS, with the example service as client."""

from __future__ import annotations

import re
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from pass_harness.conformance.readers.jsonl import read_jsonl
from pass_harness.conformance.running.child_processes import free_port
from pass_harness.fixtures.devices import new_devices
from pass_harness.mock_server.exchange import Exchange
from tests.mock_server.conftest import FULL, device_headers
from tests.mock_server.test_cli import run, serving

pytestmark = pytest.mark.slow

SAME = ("endpoint", "method", "path", "query", "request_body", "status", "response_body", "ip")
RECOGNISED = ("service_provider", "mvpd", "code", "client_id", "device")
API = "/api/v2/REF30"


class ProxyAndMock:
    """A proxy with TLS, the mock with TLS behind it, and a client that trusts both."""

    def __init__(self, mock: str, proxy: str, authorities: list[Path], record: Path) -> None:
        self.mock = mock
        self.proxy = proxy
        self.record = record
        trusting = ssl.create_default_context()
        for authority in authorities:
            trusting.load_verify_locations(authority)
        self.http = httpx.Client(verify=trusting, trust_env=False, timeout=20)

    def journal(self, where: str) -> list[Exchange]:
        found = self.http.get(f"{where}/_mock/exchanges").json()["exchanges"]
        return msgspec.convert(found, list[Exchange])


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProxyAndMock]:
    folder = tmp_path_factory.mktemp("tls")
    trusted, record = [folder / "mock" / "ca.pem", folder / "proxy" / "ca.pem"], folder / "trace.jsonl"
    with serving("--tls", "--tls-folder", str(trusted[0].parent), "--no-throttle") as (mock, _):
        arguments = ["--upstream", mock, "--ca", str(trusted[0]), "--record", str(record)]
        arguments += ["--tls", "--tls-folder", str(trusted[1].parent)]
        with serving(*arguments, command="proxy") as (proxy, process):
            made = ProxyAndMock(mock, proxy, trusted, record)
            with made.http:
                yield made
    assert process.returncode == 0


def credentials(servers: ProxyAndMock) -> dict[str, str]:
    """Register through the proxy; return the headers of calls of a device."""
    http, proxy = servers.http, servers.proxy
    headers = {**device_headers(), "X-Forwarded-For": "203.0.113.7"}
    statement = http.get(f"{servers.mock}/_mock/software-statement").text
    body = {"software_statement": statement}
    client = http.post(f"{proxy}/o/client/register", headers=headers, json=body).json()
    form = {name: client[name] for name in ("client_id", "client_secret")} | {"grant_type": "client_credentials"}
    token = http.post(f"{proxy}/o/client/token", headers=headers, data=form).json()["access_token"]
    return {**headers, "Authorization": f"Bearer {token}"}


def log_in(servers: ProxyAndMock, address: str) -> None:
    """Log in as a browser does: follow redirects and post the form."""
    page = servers.http.get(address, follow_redirects=True)
    assert str(page.url).startswith(servers.proxy)
    action = re.search(r'<form[^>]*action="([^"]*)"', page.text)
    target = page.url.join(action[1].replace("&amp;", "&")) if action and action[1] else page.url
    done = servers.http.post(target, data={"username": "viewer", "password": "viewer"})
    assert (done.status_code, done.headers["location"]) == (302, FULL["redirectUrl"])


def test_the_proxys_journal_agrees_with_the_mocks(servers: ProxyAndMock) -> None:
    """Every endpoint, with success and with an error: the two journals agree."""
    http, proxy = servers.http, servers.proxy
    headers = credentials(servers)
    http.get(f"{proxy}{API}/configuration", headers=headers)
    created = http.post(f"{proxy}{API}/sessions", headers=headers, data={"mvpd": "Cablevision"}).json()
    at_code = f"{proxy}{API}/sessions/{created['code']}"
    plain = {name: headers[name] for name in ("Authorization", "X-Forwarded-For")}
    http.get(at_code, headers=plain)
    resumed = http.post(at_code, headers=plain, data=FULL).json()
    log_in(servers, f"{proxy}{resumed['url']}")
    assert http.get(f"{proxy}{API}/profiles/code/{created['code']}/", headers=plain).json()["profiles"]
    http.get(f"{proxy}{API}/profiles", headers=headers)
    http.get(f"{proxy}{API}/profiles/Cablevision", headers=headers)
    for kind in ("preauthorize", "authorize"):
        body = {"resources": ["resource1"]}
        http.post(f"{proxy}{API}/decisions/{kind}/Cablevision", headers=headers, json=body)
    http.get(f"{proxy}{API}/logout/Cablevision?redirectUrl=https%3A%2F%2Fadobe.com", headers=headers)
    http.get(f"{proxy}/adobe-services/logout?mso_id=Cablevision&requestor_id=REF30&redirect_url=https%3A%2F%2Fa.com")
    http.delete(f"{proxy}/reset-tempass/v3/reset?requestor_id=REF30&mvpd_id=TempPass_TEST40", headers=headers)
    http.get(f"{proxy}{API}/profiles", headers={"X-Forwarded-For": "203.0.113.8"})
    http.get(f"{proxy}{API}/profiles", headers=plain)
    http.post(f"{proxy}{API}/profiles", headers=headers)
    http.options(f"{proxy}{API}/profiles", headers=plain)
    http.get(f"{proxy}{API}/nothing/there", headers=headers)
    http.get(f"{proxy}{API}/profiles/code/UNKNOWN", headers=plain)
    http.post(f"{proxy}/o/client/token", data={"client_id": "stranger", "client_secret": "x", "grant_type": "y"})
    http.post(f"{proxy}/o/client/token", content=b'{"client_id"')
    http.get(f"{proxy}/activate?code={created['code']}")
    assert servers.journal(servers.proxy)[-1].path == "/activate"

    there, here = servers.journal(servers.mock), servers.journal(servers.proxy)
    assert len(here) == len(there) > 20
    for seen, known in zip(here, there, strict=True):
        assert {name: getattr(seen, name) for name in SAME} == {name: getattr(known, name) for name in SAME}
        assert {name: getattr(seen, name) for name in RECOGNISED} == {
            name: getattr(known, name) for name in RECOGNISED
        }, known
    assert list(read_jsonl(servers.record)) == here
    assert {e.endpoint for e in here} > {"sessions.resume", "browser.login", "temppass.reset", "cors.preflight", ""}


def test_the_example_service_logs_in_and_plays_through_the_proxy(tmp_path: Path) -> None:
    with serving() as (mock, _), serving("--upstream", f"{mock}/~upstream", command="proxy") as (proxy, _):
        statement = tmp_path / "statement.jwt"
        statement.write_text(httpx.get(f"{mock}/~upstream/_mock/software-statement", trust_env=False).text)
        command = [
            sys.executable,
            "-m",
            "pass_harness.fixtures.programmer_service",
            "--adobe-url",
            proxy,
            "--port",
            "0",
        ]
        command += ["--software-statement", str(statement), "--database", str(tmp_path / "service.sqlite")]
        service = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        try:
            assert service.stderr is not None
            address = re.search(r"http://\S+", service.stderr.readline())
            assert address
            log_in_and_play(address[0], f"{mock}/~upstream")
        finally:
            service.terminate()
            service.communicate(timeout=20)
        findings = httpx.get(f"{proxy}/_mock/findings", trust_env=False).json()
        seen = httpx.get(f"{proxy}/_mock/exchanges", trust_env=False).json()["exchanges"]
    assert [rule["id"] for rule in findings["rules"] if rule["verdict"] == "violated"] == []
    assert findings["judged"] == len(seen)
    assert {"dcr.register", "dcr.token", "sessions.create", "profiles.code", "decisions.authorize"} <= {
        exchange["endpoint"] for exchange in seen
    }
    viewer = next(new_devices(seed=3))
    assert {e["ip"] for e in seen} == {viewer.ip}


def log_in_and_play(service: str, mock: str) -> None:
    """Log in on a second screen and play."""
    viewer = next(new_devices(seed=3))
    headers = {"X-Forwarded-For": viewer.ip, "X-Device-Info": viewer.info}

    def ask(method: str, verb: str, **body: object) -> Any:  # noqa: ANN401 - JSON
        url = f"{service}/devices/{viewer.id}/{verb}"
        answer = httpx.request(method, url, json=body or None, headers=headers, timeout=20, trust_env=False)
        assert answer.is_success, answer.text
        return answer.json()

    login = ask("POST", "login", mvpd="Cablevision", screen="secondary")
    httpx.post(f"{mock}/_mock/sessions/{login['code']}/login", json={}, trust_env=False).raise_for_status()
    deadline = time.monotonic() + 20
    while ask("GET", "status")["state"] != "authenticated":
        assert time.monotonic() < deadline, "the login was not noticed"
        time.sleep(0.2)
    assert ask("POST", "play", resource="resource1")["mediaToken"]


def test_the_proxy_verifies_the_upstreams_certificate(tmp_path: Path) -> None:
    with (
        serving("--tls", "--tls-folder", str(tmp_path)) as (mock, _),
        serving("--upstream", mock, command="proxy") as (proxy, _),
    ):
        answer = httpx.get(f"{proxy}{API}/profiles", trust_env=False)
        assert (answer.status_code, answer.headers["proxy-status"]) == (502, "pass-mock; error=tls_certificate_error")
        assert "--ca" in answer.text


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--upstream", "sp.auth.adobe.com"), "write https://HOST"),
        (("--upstream", "https://sp.auth.adobe.com", "--ca", "/none/ca.pem"), "--ca /none/ca.pem: cannot be read"),
        (("--upstream", "https://sp.auth.adobe.com", "--host", "0.0.0.0"), "--control-token"),  # noqa: S104 (refused)
        (("--upstream", "https://sp.auth.adobe.com", "--timeout", "soon"), "--timeout: 'soon' is not a duration"),
        (("--upstream", "https://sp.auth.adobe.com", "--record", "/none/x"), "cannot be written"),
        (("--upstream", "http://localhost:{port}", "--port", "{port}"), "is the proxy itself"),
        (("--upstream", "http://127.0.0.1:{port}", "--port", "{port}", "--host", "0.0.0.0", "--control-token", "x"),  # noqa: S104
         "is the proxy itself"),
        ((), "--upstream"),
    ],
)  # fmt: skip
def test_wrong_usage_of_the_proxy_is_exit_code_2(arguments: tuple[str, ...], words: str, unused_port: int) -> None:
    done = run("proxy", *(argument.format(port=unused_port) for argument in arguments))
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)
    assert words in done.stderr


@pytest.fixture
def unused_port() -> int:
    return free_port()
