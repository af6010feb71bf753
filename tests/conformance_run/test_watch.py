"""`run --observe` judges the requests that other tests make a service send."""

from __future__ import annotations

import contextlib
import json
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from pass_harness.mock_server.client.sync_client import SyncControlClient
from pass_harness.mock_server.testing import fresh_space, running_mock

pytestmark = pytest.mark.slow

COMMAND = str(Path(sys.executable).with_name("pass-conformance"))


class Watching:
    """A running ``run --observe``."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.said: list[str] = []
        self.begun = threading.Event()
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.said.append(line)
            if line.startswith("watching http"):
                self.begun.set()
        self.begun.set()

    def ended(self) -> tuple[int, dict[str, Any]]:
        """Return exit code and report."""
        assert self.process.stdout is not None
        out = self.process.stdout.read()
        code = self.process.wait(60)
        self._thread.join()
        return code, json.loads(out) if out else {}


@contextmanager
def watching(mock_url: str, *arguments: str) -> Iterator[Watching]:
    command = [COMMAND, "run", "--observe", "--mock", mock_url, "--format", "json", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        running = Watching(process)
        assert running.begun.wait(60)
        try:
            yield running
        finally:
            if process.poll() is None:
                process.terminate()


@pytest.fixture
def space(mock_url: str) -> Iterator[SyncControlClient]:
    with fresh_space(mock_url) as adobe_pass:
        yield adobe_pass.control


TRIPPED = "headers.authorization"


def ask(space: SyncControlClient, *, times: int = 1, token: bool = False) -> None:
    """Send a service's request; without a token it violates `TRIPPED`."""
    headers = {"Authorization": "Bearer unknown"} if token else {}
    for _ in range(times):
        httpx.get(f"{space.base_url}/api/v2/REF30/configuration", headers=headers, trust_env=False)


def verdicts(report: dict[str, Any]) -> dict[str, str]:
    return {rule["id"]: rule["verdict"] for rule in report["rules"]}


@pytest.mark.parametrize("ends", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_watch_with_report_and_exit_code(space: SyncControlClient, ends: signal.Signals) -> None:
    ask(space)  # before the watch begins: not judged
    with watching(space.base_url) as running:
        ask(space, times=2)
        running.process.send_signal(ends)
        code, report = running.ended()
    assert code == 1
    assert verdicts(report)[TRIPPED] == "violated"
    findings = next(rule for rule in report["rules"] if rule["id"] == TRIPPED)["findings"]
    assert [finding["exchanges"] for finding in findings] == [[2], [3]]
    assert report["run"]["exchanges"] == 2
    assert {s["id"]: s["verdict"] for s in report["scenarios"]} == {"watch": "passed"}
    assert "logout.on-request" in {entry["rule"] for entry in report["untestable"]}


def test_findings_are_printed_as_they_happen(space: SyncControlClient) -> None:
    with watching(space.base_url, "--until-idle", "2s") as running:
        ask(space)
        code, _ = running.ended()
    assert code == 1
    told = [line for line in running.said if f"MUST {TRIPPED}" in line]
    assert len(told) == 1
    assert re.search(r"\(exchange 1\)", told[0])


def test_until_quiet_ends_only_after_the_first_exchange(space: SyncControlClient) -> None:
    with watching(space.base_url, "--until-idle", "300ms", "--select", TRIPPED) as running:
        with pytest.raises(subprocess.TimeoutExpired):
            running.process.wait(1.5)
        ask(space, token=True)
        code, report = running.ended()
    assert (code, report["verdict"]) == (0, "passed")


def test_a_watch_without_exchanges_judges_nothing(space: SyncControlClient) -> None:
    with watching(space.base_url, "--for", "300ms") as running:
        code, report = running.ended()
    assert (code, report["verdict"], report["run"]["exchanges"]) == (3, "inconclusive", 0)


def test_a_reset_does_not_end_the_watch(space: SyncControlClient) -> None:
    with watching(space.base_url, "--until-idle", "3s", "--select", TRIPPED) as running:
        ask(space)
        with space.events(after="0") as events:  # once this listener has received it, so has the watch
            next(event for event in events if event.event == "exchange")
        subprocess.run(["sleep", "0.3"], check=True)
        space.reset()
        ask(space)
        code, report = running.ended()
    assert any("the space was reset" in line for line in running.said)
    assert (code, report["run"]["exchanges"]) == (1, 2)


def start_service(space: SyncControlClient) -> None:
    """Send the requests of a service that starts without credentials, for two devices."""
    with httpx.Client(base_url=space.base_url, trust_env=False) as service:
        statement = service.get("/_mock/software-statement").text
        client = service.post("/o/client/register", json={"software_statement": statement}).json()
        form = {name: client[name] for name in ("client_id", "client_secret")}
        token = service.post("/o/client/token", data={"grant_type": "client_credentials", **form}).json()
        for device in ("dHYtMQ==", "dHYtMg=="):
            headers = {
                "Authorization": f"Bearer {token['access_token']}",
                "AP-Device-Identifier": f"fingerprint {device}",
            }
            assert service.get("/api/v2/REF30/profiles", headers=headers).status_code == 200


@pytest.mark.parametrize(("resets", "verdict"), [(True, "passed"), (False, "violated")])
def test_a_test_may_reset_the_mock_and_start_the_service_anew(
    space: SyncControlClient, verdict: str, *, resets: bool
) -> None:
    rule = "registration.credentials-reused"
    with watching(space.base_url, "--until-idle", "3s", "--select", rule) as running:
        start_service(space)
        subprocess.run(["sleep", "1"], check=True)
        if resets:
            space.reset()
        start_service(space)
        _, report = running.ended()
    assert (verdicts(report)[rule], report["run"]["exchanges"]) == (verdict, 8)


def test_the_watch_ends_with_the_mock() -> None:
    with contextlib.ExitStack() as stack:
        with running_mock() as url:
            running = stack.enter_context(watching(url, "--select", TRIPPED))
            with SyncControlClient(url) as control:
                ask(control, token=True)
        code, report = running.ended()
    assert (code, report["run"]["exchanges"]) == (0, 1)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((), "name the service with --service SERVICE.toml, or judge other traffic"),
        (("--for", "60s"), "need --observe"),
        (("--watch", "--for", "soon"), "'soon' is not a duration"),
    ],
)
def test_wrong_usage_is_exit_code_2(arguments: tuple[str, ...], sentence: str) -> None:
    done = subprocess.run([COMMAND, "run", *arguments], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, sentence in done.stderr) == (2, True), done.stderr


def test_an_unreachable_mock_is_exit_code_3() -> None:
    command = [COMMAND, "run", "--observe", "--mock", "http://127.0.0.1:9"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, "no mock answers at http://127.0.0.1:9" in done.stdout) == (3, True)
