"""The verb restart: runs a shell command and waits until the service responds again."""

from __future__ import annotations

import asyncio
import os
import shlex
import signal
import tempfile
from contextlib import suppress
from typing import IO, Protocol

from pass_harness.conformance.drivers.first_look import NoAnswer, look
from pass_harness.conformance.service_toml.placeholders import ADOBE_URL

COMMAND_WITHIN = 60.0
ANSWERS_WITHIN = 30.0
STARTING = frozenset({502, 503, 504})
"""Statuses of a proxy, or of the service itself, while the service starts."""
KEPT_OUTPUT = 300
"""The last characters of the output of a failed command that the reason shows."""
_LOOK_WITHIN = 5.0


class Restarter(Protocol):
    """A function that restarts the service under test. Returns the reason of a failure, or None."""

    async def __call__(self) -> str | None: ...


class Repointer(Protocol):
    """A function that restarts the service under test with another base URL of Adobe Pass; None restores its own.

    Returns the reason of a failure, or None.
    """

    async def __call__(self, adobe_url: str | None) -> str | None: ...


class ShellRepoint:
    """A repointer that runs the command of service.toml, with the address in place of ``{adobe_url}``."""

    def __init__(self, command: str, base_url: str, *, original_url: str) -> None:
        self._command = command
        self._base_url = base_url
        self._original_url = original_url

    async def __call__(self, adobe_url: str | None) -> str | None:
        command = self._command.replace(ADOBE_URL, shlex.quote(adobe_url or self._original_url))
        return await ShellRestart(command, self._base_url)()


class ShellRestart:
    """A restarter that runs the command of service.toml; the reason of a failure includes its output."""

    def __init__(self, command: str, base_url: str, *, timeout_s: float = COMMAND_WITHIN) -> None:
        self._command = command
        self._base_url = base_url
        self._timeout_s = timeout_s

    async def __call__(self) -> str | None:
        # A file, since a service that the command leaves behind holds its stdout open. A session of its own, so that
        # a hanging command is killed together with its children.
        with tempfile.TemporaryFile() as output:
            process = await asyncio.create_subprocess_shell(
                self._command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=asyncio.subprocess.STDOUT,
                start_new_session=True,
            )
            try:
                await asyncio.wait_for(process.wait(), self._timeout_s)
            except TimeoutError:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                await process.wait()
                return f'"{self._command}" did not end within {self._timeout_s:g} s'
            if process.returncode:
                return (
                    f'"{self._command}" ended with exit code {process.returncode}: {_end_of(output) or "no output"}'
                )
        if not await answers(self._base_url):
            return f"the service did not respond at {self._base_url} within {ANSWERS_WITHIN:g} s of the restart"
        return None


async def answers(base_url: str, timeout_s: float = ANSWERS_WITHIN) -> bool:
    """Wait for an HTTP response at an address. Return False where none comes in time.

    A response of `STARTING` is awaited no longer than that: it may be the service's usual one at this address.
    """
    loop = asyncio.get_running_loop()
    end_s = loop.time() + timeout_s
    answered = False
    while loop.time() < end_s:
        try:
            status = (await look(base_url, _LOOK_WITHIN)).status_code
        except NoAnswer:
            answered = False
        else:
            answered = True
            if status not in STARTING:
                return True
        await asyncio.sleep(0.1)
    return answered


def _end_of(output: IO[bytes]) -> str:
    """Return the last characters of the output of a command."""
    output.seek(0, os.SEEK_END)
    output.seek(max(output.tell() - 4 * KEPT_OUTPUT, 0))
    return output.read().decode(errors="replace").strip()[-KEPT_OUTPUT:]
