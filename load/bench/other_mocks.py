"""Other mocks with the same responses, for comparison: installed with npm in a folder of their own, on loopback."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from pass_harness.conformance.errors import ConfigError, HarnessError
from pass_harness.conformance.running.child_processes import Child
from pass_harness.conformance.running.judged_run import Announce
from pass_harness.load.bench.baseline_apps import READY, Canned

PACKAGES = ("@stoplight/prism-cli@5.16.0", "@mockoon/cli@9.9.0", "wiremock@3.13.2")
NPM_TIMEOUT_S = 600
"""Timeout of npm in seconds."""
_SENT = ("application/json", "application/x-www-form-urlencoded")
"""The media types of the request bodies."""
JOURNAL = 100_000
"""Requests that WireMock records: as many as this mock."""
_RUN_PINNED = (
    "import os, sys; hasattr(os, 'sched_setaffinity') and os.sched_setaffinity(0, {min(os.sched_getaffinity(0))});"
    " os.execvp(sys.argv[1], sys.argv[1:])"
)
"""Program that replaces itself with another one on the core of the measured servers, with all its threads."""


def others(answers: list[Canned], folder: Path, announce: Announce) -> Iterator[tuple[str, Child]]:
    """Yield the mocks by name, not yet started. Raises `ConfigError` if they cannot be installed."""
    modules = _modules(announce)
    canned = [READY, *answers]
    yield "Prism", _child("prism", folder, prism(canned, folder, modules))
    yield "Mockoon", _child("mockoon", folder, mockoon(canned, folder, modules))
    if shutil.which("java") is None:
        announce("WireMock is left out: it needs Java, which is not installed")
    else:
        yield "WireMock", _child("wiremock", folder, wiremock(canned, folder, modules))


def _child(name: str, folder: Path, command: tuple[str, ...]) -> Child:
    return Child(name, ("-c", _RUN_PINNED, *command), ready=READY.path, folder=folder)


def _modules(announce: Announce) -> Path:
    """Return the folder with the installed mocks; npm installs them once."""
    npm = shutil.which("npm")
    if npm is None:
        raise ConfigError("--compare installs other mocks with npm, which is not installed: install Node.js")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "pass-harness"
    folder = cache / f"mocks-{hashlib.sha256(' '.join(PACKAGES).encode()).hexdigest()[:12]}"
    done = folder / "installed"
    if not done.exists():
        announce(f"npm installs {', '.join(PACKAGES)} in {folder}")
        folder.mkdir(parents=True, exist_ok=True)
        options = ("--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", f"--prefix={folder}")
        # npm with the packages of PACKAGES.
        ended = subprocess.run(  # noqa: S603
            [npm, "install", *options, *PACKAGES],
            capture_output=True,
            text=True,
            timeout=NPM_TIMEOUT_S,
            check=False,
        )
        if ended.returncode:
            raise HarnessError(f"npm could not install the other mocks: {ended.stderr.strip()[-500:]}")
        done.touch()
    return folder / "node_modules"


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
    return "node", str(modules / "@stoplight/prism-cli/dist/index.js"), "mock", "--host=127.0.0.1", "-v=fatal", file


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
    options = ("--hostname=127.0.0.1", "--repair", "--disable-log-to-file", f"--data={file}")
    return "node", str(modules / "@mockoon/cli/bin/run.js"), "start", *options


def wiremock(canned: list[Canned], folder: Path, modules: Path) -> tuple[str, ...]:
    """Return the command of WireMock, which reads a file per response."""
    root = folder / "wiremock"
    for number, answer in enumerate(canned):
        headers = {name: value for name, value in answer.headers.items() if name != "date"}
        response = {"status": answer.status, "headers": headers, "body": answer.body.decode()}
        mapping = {"request": {"method": answer.method, "urlPath": answer.path}, "response": response}
        _written(mapping, root / "mappings" / f"{number}.json")
    jar = next((modules / "wiremock" / "build").glob("*.jar"))
    options = ("--bind-address=127.0.0.1", f"--root-dir={root}", f"--max-request-journal-entries={JOURNAL}")
    return "java", "-jar", str(jar), *options


def _media_type(answer: Canned) -> str:
    return answer.headers.get("content-type", "text/plain").partition(";")[0]
