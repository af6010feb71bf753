"""The load generator: what it lacks or loses makes a run invalid, and a verb without an answer counts as failed."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from pathlib import Path
from typing import Any

import httpx
import pytest

from pass_harness.conformance.running.child_processes import free_port
from pass_harness.load.generator.run_clock import clock_of
from pass_harness.mock_server.testing import running_mock

COMMAND = str(Path(sys.executable).with_name("pass-load"))
LOCUSTFILE = str(files("pass_harness.load.generator") / "locustfile.py")
TEMP_PASS = """[event]
audience = {audience}
duration = "{duration}"
workload = "{workload}"
[[stages]]
lasts = "1s"
share = 1
[[viewers]]
entrance = "temp-pass"
mvpd = "TempPass"
preauthorizes = false
watches = "1s"
"""
RETURNING = """[event]
audience = 40
duration = "10s"
warm_up = 1
typing = "100ms"
[[stages]]
lasts = "2s"
share = 1
[[viewers]]
entrance = "returning"
watches = "1s"
"""


class AdobePass(ThreadingHTTPServer):
    """A host that knows a TempPass. It stops answering requests for profiles, or refuses the first playbacks."""

    daemon_threads = True

    def __init__(self, *, answers: int = 1000, refuses: int = 0) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers, self.refuses = answers, refuses
        self.asked: Counter[str] = Counter()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        host: Any = self.server
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        name = "authorize" if "authorize" in self.path else self.path.rpartition("/")[2]
        host.asked[name] += 1
        if name == "profiles" and host.asked[name] > host.answers:
            time.sleep(90)
        answers: dict[str, Any] = {
            "register": {"client_id": "id", "client_secret": "secret"},
            "token": {"access_token": "token", "expires_in": 21600},
            "sessions": {"actionName": "authorize"},
        }
        permit = {"decisions": [{"authorized": True, "token": {"serializedToken": "token"}}]}
        answer = json.dumps(permit if name == "authorize" else answers.get(name, {"profiles": {}})).encode()
        refused = name == "authorize" and host.asked[name] <= host.refuses
        self.send_response(403 if refused else 200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_GET = do_POST  # noqa: N815 (the name that the server calls)

    def log_message(self, *_: object) -> None:
        """Stay silent."""


@contextmanager
def adobe_pass(**conduct: Any) -> Iterator[str]:  # noqa: ANN401 - of the server
    with AdobePass(**conduct) as listening:
        thread = threading.Thread(target=listening.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{listening.server_address[1]}"
        listening.shutdown()
        thread.join()


def at_host(folder: Path, host: str, **event: object) -> tuple[int, dict[str, Any]]:
    """Run viewers with a TempPass against the host; return the exit code and the report."""
    (folder / "event.toml").write_text(TEMP_PASS.format(**event), "utf-8")
    (folder / "slo.toml").write_text("[slo]\nerror_share = 0.05\n", "utf-8")
    (folder / "statement.jwt").write_text("e30.e30.", "utf-8")
    run = subprocess.run(
        [COMMAND, "run", "--event", "event.toml", "--slo", "slo.toml", "--format", "json", "--host", host,
         "--software-statement", "statement.jwt"],
        cwd=folder, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    return run.returncode, json.loads(run.stdout)


@pytest.mark.slow
def test_a_verb_without_an_answer_at_the_end_counts_as_failed(tmp_path: Path) -> None:
    with adobe_pass(answers=2) as host:
        code, report = at_host(tmp_path, host, audience=4, duration="4s", workload="open")
    assert (code, report["verdict"]) == (1, "violated"), report["invalid"]
    login = next(verb for verb in report["verbs"] if verb["verb"] == "login")
    assert (login["calls"], login["errors"]) == (4, 2)
    assert login["p95_ms"] > 15_000


@pytest.mark.slow
def test_viewers_of_a_closed_workload_start_again_after_a_failure(tmp_path: Path) -> None:
    with adobe_pass(refuses=2) as host:
        _, report = at_host(tmp_path, host, audience=1, duration="12s", workload="closed")
    plays = next(verb for verb in report["verbs"] if verb["verb"] == "play")
    assert (plays["errors"], plays["calls"] > 4) == (2, True)
    assert report["invalid"] == []
    viewers = report["viewers"]
    assert (viewers["arrived"], viewers["still_there"], viewers["gave_up"]) == (1, 1, 0)
    assert list(viewers["reasons"].values()) == [1]


@contextmanager
def two_workers(folder: Path, mock: str, second: list[str]) -> Iterator[tuple[subprocess.Popen[str], list[Any]]]:
    """Start a run with two workers; yield its process and those of the workers."""
    (folder / "event.toml").write_text(RETURNING, "utf-8")
    port = str(free_port())
    options = ["--event", "event.toml", "--mock", mock, "--expect-workers", "2", "--bind-port", port]
    with (folder / "stderr.txt").open("w") as stderr:
        run = subprocess.Popen(
            [COMMAND, "run", *options], cwd=folder, text=True, stdout=subprocess.PIPE, stderr=stderr
        )
    workers = [
        subprocess.Popen([*command, "--master-port", port], stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        for command in ([COMMAND, "worker"], second)
    ]
    try:
        yield run, workers
    finally:
        for process in (run, *workers):
            if process.poll() is None:
                process.terminate()
            process.wait(timeout=30)


def said(folder: Path) -> str:
    return (folder / "stderr.txt").read_text("utf-8")


@pytest.mark.slow
def test_a_worker_that_ends_before_the_event_makes_the_run_invalid(tmp_path: Path) -> None:
    # As Ctrl-C ends a worker: Locust takes its leave of the master.
    leaving = [sys.executable, "-P", "-m", "locust", "-f", LOCUSTFILE, "--worker"]
    with running_mock() as mock, two_workers(tmp_path, mock, leaving) as (run, workers):
        deadline = time.monotonic() + 60
        while "warm-up:" not in said(tmp_path) and time.monotonic() < deadline:
            time.sleep(0.2)
        workers[1].terminate()
        out, _ = run.communicate(timeout=90)
    assert run.returncode == 3, out + said(tmp_path)
    assert "viewers arrived: the load generator was interrupted" in out
    assert "event started" not in said(tmp_path)


@pytest.mark.slow
def test_the_stop_button_of_locusts_page_ends_the_run(tmp_path: Path) -> None:
    (tmp_path / "event.toml").write_text(TEMP_PASS.format(audience=5, duration="60s", workload="closed"), "utf-8")
    port = free_port()
    with running_mock() as mock, (tmp_path / "stderr.txt").open("w") as stderr:
        run = subprocess.Popen(
            [COMMAND, "run", "--event", "event.toml", "--mock", mock, "--web-port", str(port)],
            cwd=tmp_path, text=True, stdout=subprocess.PIPE, stderr=stderr,
        )  # fmt: skip
        try:
            deadline = time.monotonic() + 60
            while "event started" not in said(tmp_path) and time.monotonic() < deadline:
                time.sleep(0.2)
            assert httpx.post(f"http://127.0.0.1:{port}/stop").is_success
            out, _ = run.communicate(timeout=30)
        finally:
            run.kill()
    assert run.returncode == 3, out
    assert "viewers arrived: the load generator was interrupted" in out


OTHER_VERSION = """
import importlib.metadata, sys
real = importlib.metadata.version
importlib.metadata.version = lambda name: "0.0.1" if name == "pass-harness" else real(name)
sys.argv = ["locust", "-f", {locustfile!r}, "--worker", *sys.argv[1:]]
from locust.main import main
main()
"""


@pytest.mark.slow
def test_a_worker_of_another_version_is_named(tmp_path: Path) -> None:
    other = [sys.executable, "-c", textwrap.dedent(OTHER_VERSION).format(locustfile=LOCUSTFILE)]
    with running_mock() as mock, two_workers(tmp_path, mock, other) as (run, _):
        out, _ = run.communicate(timeout=90)
    assert (run.returncode, out) == (3, "")
    assert "it is Pass Harness 0.0.1" in said(tmp_path)
    assert "install the same version on all machines" in said(tmp_path)


def test_without_a_mock_the_clock_of_the_run_does_not_step(monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = clock_of("")
    before = now_s()
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() - 3600.0)
    assert 0 <= now_s() - before < 60
