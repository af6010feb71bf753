"""The spike, started for real: the commands of the manifests as processes on this machine, up to the report.

Only addresses, ports and folders differ from those of the containers. The tests assert structure, never speed.
"""

from __future__ import annotations

import json
import re
import socket
import subprocess
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from pass_harness.conformance.running.child_processes import free_port
from tests.deployment.compose import services, workload
from tests.deployment.kustomize import KUBERNETES, SECRETS, files, named, rendered, workloads
from tests.deployment.workloads import DEPLOY, Workload

pytestmark = pytest.mark.slow

TOKEN = SECRETS["pass-mock"]["control-token"]
EVENT = """[event]
audience = 6
duration = "10s"
typing = "1s"
[[stages]]
lasts = "2s"
share = 1
[[viewers]]
entrance = "second-screen"
zaps = 1
watches = "1s"
"""
STARTS_WITHIN_S = 60.0
ENDS_WITHIN_S = 180.0


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """The workloads of a deployment, with the names by which they call each other."""

    redis: tuple[str, Workload]
    mock: tuple[str, Workload]
    mocks: int
    service: tuple[str, Workload]
    doctor: Workload | None
    """Commands that run before the master."""
    master: tuple[str, Workload]
    worker: Workload
    workers: int
    config: dict[str, str]
    """The files in /config."""


def kubernetes(event: Path) -> Deployment:
    documents = rendered(KUBERNETES / "example")
    for config in named(documents, "ConfigMap").values():
        if "EVENT" in config["data"]:  # as an overlay does
            config["data"].update(EVENT=str(event), AUDIENCE="6")
    found = workloads(documents)
    return Deployment(
        redis=("pass-redis", found["pass-redis"]),
        mock=("pass-mock", found["pass-mock"]),
        mocks=named(documents, "Deployment")["pass-mock"]["spec"]["replicas"],
        service=("programmer-service", found["programmer-service"]),
        doctor=found["pass-load/doctor"],
        master=("pass-load", found["pass-load"]),
        worker=found["pass-load-worker"],
        workers=named(documents, "Job")["pass-load-worker"]["spec"]["parallelism"],
        config={**files(documents, "pass-mock"), **files(documents, "pass-load-files")},
    )


def compose(event: Path) -> Deployment:
    variables = {"PASS_MOCK_CONTROL_TOKEN": TOKEN, "EVENT": str(event), "AUDIENCE": "6"}
    read = services(DEPLOY / "compose" / "spike.yaml", variables)
    found = {name: workload(name, service) for name, service in read.items()}
    return Deployment(
        **{name: (name, found[name]) for name in ("redis", "mock")},
        mocks=1,
        service=("programmer-service", found["programmer-service"]),
        doctor=None,
        master=("load", found["load"]),
        worker=found["worker"],
        workers=read["worker"]["scale"],
        config={"service.toml": (KUBERNETES / "spike" / "service.toml").read_text("utf-8")},
    )


class Running:
    """Processes of a deployment, with their files in a folder; they end with the stack."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.folder = folder
        self._stack = stack
        self._hosts: dict[str, str] = {}
        for name in ("config", "data", "report"):
            (folder / name).mkdir()

    def address(self, host: str, port: int) -> int:
        """Use a free port of this machine for a port of a host; return it."""
        self._hosts[f"{host}:{port}"] = f"127.0.0.1:{(free := free_port())}"
        return free

    def local(self, text: str) -> str:
        """Return a text of a container for this machine."""
        for host, address in self._hosts.items():
            text = re.sub(rf"(?<![\w-]){host}\b", address, text)
        text = re.sub(r"(?<![\w/])/(?=(?:config|data|report)/)", f"{self.folder}/", text)
        return text.replace("0.0.0.0", "127.0.0.1")  # noqa: S104 - tests listen on loopback

    def start(self, name: str, workload: Workload, *options: str, port: int | None = None) -> subprocess.Popen[bytes]:
        """Start a process; wait until it listens on the port, if any."""
        process = workload.here(self.local, *options).start(self.folder / f"{name}.log")
        self._stack.callback(_end, process)
        deadline = time.monotonic() + STARTS_WITHIN_S
        while port is not None and not _listens(port):
            assert process.poll() is None, self.log(name)
            assert time.monotonic() < deadline, self.log(name)
            time.sleep(0.1)
        return process

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text("utf-8", "replace")


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@pytest.mark.parametrize("deployed", [kubernetes, compose])
def test_the_spike_runs_to_its_report(deployed: Callable[[Path], Deployment], tmp_path: Path) -> None:
    (tmp_path / "event.toml").write_text(EVENT, "utf-8")
    deployment = deployed(tmp_path / "event.toml")
    with ExitStack() as stack:
        running = Running(tmp_path, stack)
        redis, redis_port = deployment.redis[1], running.address(deployment.redis[0], 6379)
        running.start("redis", redis, "--port", f"{redis_port}", "--bind", "127.0.0.1", port=redis_port)
        write_config(running, deployment)
        start_mock(running, deployment)
        service_port = running.address(deployment.service[0], 9000)
        running.start("service", deployment.service[1], f"--port={service_port}", port=service_port)
        # The service calls the first mock, and the master the last, as a load balancer may choose.
        for _ in range(1, deployment.mocks):
            start_mock(running, deployment)
        write_config(running, deployment)
        if deployment.doctor is not None:
            assert running.start("doctor", deployment.doctor).wait(STARTS_WITHIN_S) == 0, running.log("doctor")
        master_port = free_port()
        master = running.start("master", deployment.master[1], f"--bind-port={master_port}")
        to_master = ("--master-host=127.0.0.1", f"--master-port={master_port}")
        workers = [
            running.start(f"worker-{number}", deployment.worker, *to_master) for number in range(deployment.workers)
        ]
        code = master.wait(ENDS_WITHIN_S)
        assert [worker.wait(30) for worker in workers] == [0] * deployment.workers
        assert code in {0, 3}, running.log("master")
    (path,) = tmp_path.glob("*/spike/report.json")
    assert_whole(json.loads(path.read_text("utf-8")), running.log("master"))


def write_config(running: Running, deployment: Deployment) -> None:
    """Write the files of /config, with the addresses that are known so far."""
    for name, text in deployment.config.items():
        (running.folder / "config" / name).write_text(running.local(text), "utf-8")


def start_mock(running: Running, deployment: Deployment) -> None:
    """Start another mock, and probe it as its container does."""
    host, mock = deployment.mock
    port = running.address(host, 8300)
    running.start(f"mock-{port}", mock, f"--port={port}", port=port)
    probe = replace(mock, argv=["pass-mock", "health", f"--mock=http://127.0.0.1:{port}"])
    assert probe.start(running.folder / "health.log").wait(30) == 0, running.log("health")


def assert_whole(report: dict[str, Any], log: str) -> None:
    """Assert that all viewers came and that their calls were judged; a busy machine may make the run invalid."""
    assert (report["event"]["audience"], report["viewers"]["arrived"]) == (6, 6), log
    judged = {rule["id"]: rule["verdict"] for rule in report["conformance"]["rules"]}
    assert "violated" not in judged.values(), log
    assert judged["headers.authorization"] == "passed"
