"""Other mocks with the same responses, for comparison: installed with npm in a folder of their own, on loopback."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from pass_harness.conformance.errors import ConfigError, HarnessError
from pass_harness.conformance.running.judged_run import Announce
from pass_harness.load.bench.baseline_apps import READY, Canned
from pass_harness.mock_server.config.settings import Bounds

NPM_TIMEOUT_S = 600
"""Timeout of npm in seconds."""
_SENT = ("application/json", "application/x-www-form-urlencoded")
"""The media types of the request bodies."""
JOURNAL = Bounds().journal_exchanges
"""Requests that a peer with a journal records: as many as this mock."""
_HEAP = ("-Xms4g", "-Xmx4g")
"""Heap of a JVM: enough for the larger one of the journals, so that garbage collection does not decide."""


@dataclass(frozen=True)
class Peer:
    """Another mock with one set of options."""

    name: str
    package: str
    """The npm package, with its version."""
    command: Callable[[list[Canned], Path, Path], tuple[str, ...]]
    """Writes the responses into a folder; returns the command for them, with the program of a ``node_modules``."""
    options: tuple[str, ...]
    runtime_options: tuple[str, ...] = ()
    journal: bool = False
    """Whether it records the last `JOURNAL` requests."""

    @property
    def version(self) -> str:
        return self.package.rpartition("@")[2]

    def start(self, answers: list[Canned], folder: Path, modules: Path) -> tuple[str, ...]:
        """Return the command that serves the responses and `READY`; the caller adds ``--port``."""
        program, *rest = self.command([READY, *answers], folder, modules)
        return (program, *self.runtime_options, *rest, *self.options)


def _written(content: object, path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.json.encode(content))
    return str(path)


def prism(canned: list[Canned], folder: Path, modules: Path) -> tuple[str, ...]:
    """Return the command of Prism, which reads the responses from an OpenAPI document."""
    paths: dict[str, dict[str, Any]] = {}
    for answer in canned:
        example = answer.body.decode() if answer is READY else msgspec.json.decode(answer.body)
        content = {_media_type(answer): {"example": example}}
        response = {"description": "", "content": content}
        operation: dict[str, Any] = {"responses": {str(answer.status): response}}
        if answer.method == "POST":
            operation["requestBody"] = {"content": {kind: {"schema": {"type": "object"}} for kind in _SENT}}
        paths.setdefault(answer.path, {})[answer.method.lower()] = operation
    document = {"openapi": "3.0.3", "info": {"title": "bench", "version": "1"}, "paths": paths}
    file = _written(document, folder / "prism.json")
    return "node", str(modules / "@stoplight/prism-cli/dist/index.js"), "mock", "--host=127.0.0.1", file


def mockoon(canned: list[Canned], folder: Path, modules: Path) -> tuple[str, ...]:
    """Return the command of Mockoon, which reads the responses from an environment file."""

    def identified(members: dict[str, Any]) -> dict[str, Any]:
        return {"uuid": str(uuid.uuid4()), **members}

    def headers(answer: Canned) -> list[dict[str, str]]:
        return [{"key": name, "value": value} for name, value in answer.headers.items() if name != "date"]

    routes = [
        identified(
            {
                "type": "http",
                "method": answer.method.lower(),
                "endpoint": answer.path.removeprefix("/"),
                "responses": [
                    identified(
                        {
                            "body": answer.body.decode(),
                            "statusCode": answer.status,
                            "headers": headers(answer),
                            "bodyType": "INLINE",
                            "default": True,
                            "disableTemplating": True,
                        }
                    )
                ],
            }
        )
        for answer in canned
    ]
    tree = [{"type": "route", "uuid": route["uuid"]} for route in routes]
    environment = identified({"lastMigration": 33, "name": "bench", "routes": routes, "rootChildren": tree})
    file = _written(environment, folder / "mockoon.json")
    options = ("--hostname=127.0.0.1", "--repair", f"--data={file}")
    return "node", str(modules / "@mockoon/cli/bin/run.js"), "start", *options


def wiremock(canned: list[Canned], folder: Path, modules: Path) -> tuple[str, ...]:
    """Return the command of WireMock, which reads a file per response."""
    root = folder / "wiremock"
    for number, answer in enumerate(canned):
        headers = {name: value for name, value in answer.headers.items() if name != "date"}
        response = {"status": answer.status, "headers": headers, "body": answer.body.decode()}
        mapping = {"request": {"method": answer.method, "urlPath": answer.path}, "response": response}
        _written(mapping, root / "mappings" / f"{number}.json")
    return "java", "-jar", _jar(modules / "wiremock" / "build"), "--bind-address=127.0.0.1", f"--root-dir={root}"


def mockserver(canned: list[Canned], folder: Path, modules: Path) -> tuple[str, ...]:
    """Return the command of MockServer, which reads the responses from a file of expectations."""
    expectations = [
        {
            "httpRequest": {"method": answer.method, "path": answer.path},
            "httpResponse": {
                "statusCode": answer.status,
                "headers": {name: [value] for name, value in answer.headers.items() if name != "date"},
                "body": {"type": "STRING", "string": answer.body.decode()},
            },
        }
        for answer in canned
    ]
    file = _written(expectations, folder / "mockserver.json")
    address = "-Dmockserver.localBoundIP=127.0.0.1"
    return "java", address, "-jar", _jar(modules / "mockserver-node"), "run", f"--init={file}"


def _jar(folder: Path) -> str:
    return str(next(folder.glob("*.jar")))


def _media_type(answer: Canned) -> str:
    return answer.headers.get("content-type", "text/plain").partition(";")[0]


_PRISM = "@stoplight/prism-cli@5.16.0"
_MOCKOON = "@mockoon/cli@9.9.0"
_WIREMOCK = "wiremock@3.13.2"
_MOCKSERVER = "mockserver-node@7.6.0"
_WIREMOCK_OPTIONS = (
    "--async-response-enabled=true",
    "--disable-request-logging",
    "--disable-gzip",
    "--disable-response-templating",
    "--disable-extensions-scanning",
    "--disable-banner",
)
_MOCKSERVER_OPTIONS = (
    *_HEAP,
    "-Dmockserver.logLevel=ERROR",
    "-Dmockserver.disableLogging=true",
    "-Dmockserver.disableSystemOut=true",
    "-Dmockserver.nioEventLoopThreadCount=1",
    "-Dmockserver.actionHandlerThreadCount=1",
)

# Each peer at its best, and with a journal if it has one. MockServer writes two entries for each request, and its
# documentation names 100 as the number of entries for the maximum throughput: it cannot do without. Mockoon with 0
# transactions would keep them all.
PEERS = (
    Peer("Prism", _PRISM, prism, ("-v=silent",)),
    Peer("Mockoon", _MOCKOON, mockoon, ("--disable-log-to-file", "--disable-admin-api", "--max-transaction-logs=1")),
    Peer("Mockoon", _MOCKOON, mockoon, ("--disable-log-to-file", f"--max-transaction-logs={JOURNAL}"), journal=True),
    Peer("WireMock", _WIREMOCK, wiremock, ("--no-request-journal", *_WIREMOCK_OPTIONS), _HEAP),
    Peer(
        "WireMock",
        _WIREMOCK,
        wiremock,
        (f"--max-request-journal-entries={JOURNAL}", *_WIREMOCK_OPTIONS),
        _HEAP,
        journal=True,
    ),
    Peer("MockServer", _MOCKSERVER, mockserver, (), (*_MOCKSERVER_OPTIONS, "-Dmockserver.maxLogEntries=100")),
    Peer(
        "MockServer",
        _MOCKSERVER,
        mockserver,
        (),
        (*_MOCKSERVER_OPTIONS, f"-Dmockserver.maxLogEntries={2 * JOURNAL}"),
        journal=True,
    ),
)


def installed(announce: Announce) -> tuple[list[Peer], Path]:
    """Return the peers that this machine can run, and the folder ``node_modules``; npm installs them once.

    Raises `ConfigError` if they cannot be installed.
    """
    modules = _modules(announce)
    if shutil.which("java") is not None:
        return [*PEERS], modules
    announce("WireMock and MockServer are left out: they need Java, which is not installed")
    return [peer for peer in PEERS if peer.command not in {wiremock, mockserver}], modules


def _modules(announce: Announce) -> Path:
    """Return the folder with the installed mocks."""
    npm = shutil.which("npm")
    if npm is None:
        raise ConfigError("--compare installs other mocks with npm, which is not installed: install Node.js")
    packages = sorted({peer.package for peer in PEERS})
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "pass-harness"
    folder = cache / f"mocks-{hashlib.sha256(' '.join(packages).encode()).hexdigest()[:12]}"
    done = folder / "installed"
    if not done.exists():
        announce(f"npm installs {', '.join(packages)} in {folder}")
        folder.mkdir(parents=True, exist_ok=True)
        options = ("--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", f"--prefix={folder}")
        # npm with the packages of PEERS.
        ended = subprocess.run(  # noqa: S603
            [npm, "install", *options, *packages],
            capture_output=True,
            text=True,
            timeout=NPM_TIMEOUT_S,
            check=False,
        )
        if ended.returncode:
            raise HarnessError(f"npm could not install the other mocks: {ended.stderr.strip()[-500:]}")
        done.touch()
    return folder / "node_modules"
