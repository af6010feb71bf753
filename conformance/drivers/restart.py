"""The verb restart: a shell command, and then waiting until the service answers again."""

from __future__ import annotations

import asyncio
import os
import shlex
import signal
from contextlib import suppress
from typing import Protocol

import httpx

from pass_harness.conformance.service_toml.placeholders import ADOBE_URL
from pass_harness.mock_server.client.tls_trust import tls_context

COMMAND_WITHIN = 60.0
ANSWERS_WITHIN = 30.0


class Restarter(Protocol):
    """Restarts the service under test; None, or why that failed."""

    async def __call__(self) -> str | None: ...


class Repointer(Protocol):
    """Restarts the service under test with Adobe Pass at another address, or (None) at its own again.

    None, or why that failed.
    """

    async def __call__(self, adobe_url: str | None) -> str | None: ...


class ShellRepoint:
    """Runs the command of service.toml, the address in the place of ``{adobe_url}``."""

    def __init__(self, command: str, base_url: str, *, home: str) -> None:
        self._command = command
        self._base_url = base_url
        self._home = home

    async def __call__(self, adobe_url: str | None) -> str | None:
        command = self._command.replace(ADOBE_URL, shlex.quote(adobe_url or self._home))
        return await ShellRestart(command, self._base_url)()


class ShellRestart:
    """Runs the command of service.toml; its output is the evidence when it fails."""

    def __init__(self, command: str, base_url: str, *, within: float = COMMAND_WITHIN) -> None:
        self._command = command
        self._base_url = base_url
        self._within = within

    async def __call__(self) -> str | None:
        # The command is the user's own, written for a shell. Its own session lets a hanging one be ended whole.
        process = await asyncio.create_subprocess_shell(
            self._command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            output, _ = await asyncio.wait_for(process.communicate(), self._within)
        except TimeoutError:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
            return f'"{self._command}" did not end within {self._within:g} s'
        if process.returncode:
            said = output.decode(errors="replace").strip()[-300:]
            return f'"{self._command}" ended with {process.returncode}: {said or "no output"}'
        if not await answers(self._base_url):
            return f"nothing answered at {self._base_url} within {ANSWERS_WITHIN:g} s of the restart"
        return None


async def answers(base_url: str, within: float = ANSWERS_WITHIN) -> bool:
    """Waits until anything answers HTTP at an address, whatever the status; False if nothing does in time."""
    async with httpx.AsyncClient(timeout=5, verify=tls_context(), trust_env=False) as http:
        for _ in range(round(within * 10)):
            try:
                await http.get(base_url)
            except httpx.TransportError:
                await asyncio.sleep(0.1)
            else:
                return True
    return False
