"""The mock and the example services as child processes, for the demo, load runs and tests."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from importlib import resources
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast

import httpx
import msgspec
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt.algorithms import RSAAlgorithm

from pass_harness.conformance.errors import ConfigError, HarnessError
from pass_harness.conformance.service_toml import service_config
from pass_harness.conformance.service_toml.service_config import ServiceConfig
from pass_harness.fixtures.programmer_service.defects import DEFECTS
from pass_harness.fixtures.programmer_service.liberties import LIBERTIES
from pass_harness.mock_server.formats.toml_file import nearest
from pass_harness.mock_server.signing.keys import KeyName
from pass_harness.mock_server.signing.public_keys import pem
from pass_harness.mock_server.testing import environment

SECOND_HOST = "127.0.0.2"
"""Address of the first of two data centres."""
READY_WITHIN = 30.0
ENDS_WITHIN = 5.0


class Child:
    """A server in a child process on a free port of 127.0.0.1: a context manager, with `start` and `stop`."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        ready: str,
        folder: Path,
        host: str = "127.0.0.1",
        program: str = sys.executable,
    ) -> None:
        """Prepare the process; ``--port N`` is added to ``command``, and ``program`` runs it.

        ``ready`` is a path that answers with success once the server is up. Output goes to a log file in ``folder``.
        """
        self.port = free_port()
        self.url = f"http://{host}:{self.port}"
        self.log = folder / f"{name}-{self.port}.log"
        self._name = name
        self._command = (program, *command, "--port", str(self.port))
        self._ready = self.url + ready
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:  # an interrupt, too: nothing else ends the process then
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int | None:
        """The process id, or None while the server does not run."""
        return self._process.pid if self._process is not None else None

    def start(self) -> None:
        """Start the server and wait until it answers. Raises `HarnessError` with the end of its log otherwise."""
        with self.log.open("ab") as log:
            # The command is this Python, or a Node.js, with modules of this distribution.
            self._process = subprocess.Popen(  # noqa: S603
                self._command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment()
            )
        deadline = time.monotonic() + READY_WITHIN
        while not self._answers():
            code = self._process.poll()
            if code is not None or time.monotonic() > deadline:
                self.stop()
                how = f"ended with exit code {code}" if code is not None else f"did not answer in {READY_WITHIN:g} s"
                raise HarnessError(f"the {self._name} {how}: {self._log_tail()}")
            time.sleep(0.05)

    def stop(self) -> None:
        """Terminate the process and wait until it has ended; kill it after `ENDS_WITHIN` seconds."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(ENDS_WITHIN)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    async def repoint(self, adobe_url: str | None) -> str | None:
        """Restart the service with another base URL of Adobe Pass; None restores its own (a `Repointer`)."""
        original = self._command
        if adobe_url is not None:
            self._command = (*original, f"--adobe-url={adobe_url}")
        try:
            return await self.restart()
        finally:
            self._command = original

    async def restart(self) -> str | None:
        """Restart the server on the same port. Return the reason of a failure, or None (a `Restarter`)."""
        try:
            await asyncio.to_thread(self.stop)
            await asyncio.to_thread(self.start)
        except HarnessError as error:
            return str(error)
        return None

    def _answers(self) -> bool:
        try:
            return httpx.get(self._ready, timeout=1, trust_env=False).is_success
        except httpx.TransportError:
            return False

    def _log_tail(self) -> str:
        lines = self.log.read_text("utf-8", "replace").strip().splitlines()
        return " / ".join(lines[-5:]) or "its log is empty"


def mock(folder: Path, *options: str) -> Child:
    """Return a mock with the default catalogue, and with two data centres if this machine has 127.0.0.2."""
    host = "127.0.0.1"
    if _is_local(SECOND_HOST):
        host, options = SECOND_HOST, ("--data-centres", "2", *options)
    command = ("-c", "from pass_harness.mock_server.cli.main import main; main()", "serve", *options)
    return Child("mock", command, ready="/_mock/health", folder=folder, host=host)


def programmer_service(
    folder: Path, adobe_url: str, changes: Sequence[str] = (), options: Sequence[str] = ()
) -> Child:
    """Return the example service for the running mock at ``adobe_url``; its database is in ``folder``."""
    name = "-".join(("service", *changes))
    command = [
        "-m",
        "pass_harness.fixtures.programmer_service",
        *_adobe_options(folder, name, adobe_url),
        f"--database={folder / name}.sqlite",
        *(f"--{'defect' if name in DEFECTS else 'liberty'}={name}" for name in changes),
        *options,
    ]
    return Child(name, command, ready="/health", folder=folder)


def node_service(folder: Path, adobe_url: str, node: str) -> Child:
    """Return the example service in Node.js; ``node`` is the path of Node.js. See `programmer_service`."""
    name = "node-service"
    main = str(resources.files("pass_harness.fixtures") / "node_service" / "main.js")
    command = [main, *_adobe_options(folder, name, adobe_url), f"--database={folder / name}.jsonl"]
    return Child(name, command, ready="/health", folder=folder, program=node)


def _adobe_options(folder: Path, name: str, adobe_url: str) -> list[str]:
    """Return the options of an example service for Adobe Pass: address, software statement, key of media tokens."""
    statement, key = folder / f"{name}.statement", folder / f"{name}.pem"
    statement.write_text(_fetch(adobe_url, "/_mock/software-statement"), "utf-8")
    key.write_text(media_token_key(msgspec.json.decode(_fetch(adobe_url, "/_mock/keys"))["keys"]), "utf-8")
    return [*_address_options(adobe_url), f"--software-statement={statement}", f"--media-token-key={key}"]


def _address_options(adobe_url: str) -> tuple[str, ...]:
    """Return the options for the address of Adobe Pass: with a DNS name and server if the mock has data centres."""
    answer = httpx.get(f"{adobe_url}/_mock/data-centres", timeout=10, trust_env=False)
    if not answer.is_success:
        return (f"--adobe-url={adobe_url}",)
    centres = answer.json()
    by_name = httpx.URL(adobe_url).copy_with(host=centres["name"])
    return (f"--adobe-url={by_name}", f"--dns-server={centres['dns']}")


def service_toml(service_url: str, example: str = "programmer_service") -> ServiceConfig:
    """Return the service.toml of an example service, with the address ``service_url``."""
    with resources.as_file(resources.files("pass_harness.fixtures") / example / "service.toml") as path:
        config = service_config.load(path)
    return replace(config, service=msgspec.structs.replace(config.service, base_url=service_url))


def known_changes(defects: Sequence[str] = (), liberties: Sequence[str] = ()) -> tuple[str, ...]:
    """Return all the names. Raises `ConfigError` for an unknown one, with the most similar known name."""
    for kind, names, known in (("defect", defects, DEFECTS), ("liberty", liberties, LIBERTIES)):
        for name in names:
            if name not in known:
                raise ConfigError(f'there is no {kind} "{name}"; {nearest(name, known)}')
    return (*defects, *liberties)


def _is_local(host: str) -> bool:
    """Return whether this machine has a loopback address; some systems have 127.0.0.1 alone."""
    with socket.socket() as probe:
        try:
            probe.bind((host, 0))
        except OSError:
            return False
    return True


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _fetch(adobe_url: str, path: str) -> str:
    try:
        answer = httpx.get(adobe_url + path, timeout=10, trust_env=False)
        answer.raise_for_status()
    except httpx.HTTPError as error:
        raise HarnessError(f"the mock at {adobe_url} did not answer {path}: {error}") from error
    return answer.text


def media_token_key(keys: Sequence[dict[str, Any]]) -> str:
    """Return the current public key of media tokens as PEM, from the keys that a mock publishes."""
    signing = next(key for key in keys if key["name"] == KeyName.MEDIA_TOKEN and not key["retired"])
    return pem(cast("RSAPublicKey", RSAAlgorithm.from_jwk(signing)))
