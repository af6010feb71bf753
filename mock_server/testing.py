"""Test helpers in Python: a mock process for a test session, and a space for each test.

The fixtures of the pytest plugin (pytest_plugin.py) use them; other test frameworks call them directly.
"""

from __future__ import annotations

import os
import queue
import re
import subprocess
import sys
import threading
import uuid
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO

from pass_harness.mock_server.client.async_client import ControlClient
from pass_harness.mock_server.client.env_vars import CONTROL_TOKEN
from pass_harness.mock_server.client.sync_client import SyncControlClient

START_TIMEOUT_S = 60.0
"""Seconds to wait for the address of a new mock."""
STOP_TIMEOUT_S = 5.0
"""Seconds to wait for the end of a mock before it is killed."""


class MockFailed(Exception):
    """The mock did not start; the sentence contains the last lines of its output."""


def environment() -> dict[str, str]:
    """Return the environment variables for a new mock: those of this process without the control token."""
    return {name: value for name, value in os.environ.items() if name != CONTROL_TOKEN}


@contextmanager
def running_mock(*arguments: str) -> Iterator[str]:
    """Start a mock in a new process on a free port, yield its base URL, and stop it at the end of the context.

    ``arguments`` are those of ``pass-mock serve``. Raises MockFailed if the mock does not start.
    """
    command = [sys.executable, "-P", "-m", "pass_harness.mock_server", "serve", "--port", "0", *arguments]
    # The command is safe: this Python runs a module of this distribution.
    process = subprocess.Popen(  # noqa: S603
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    )
    output = _OutputReader(process.stderr)
    try:
        yield output.address()
    finally:
        process.terminate()
        try:
            process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        output.close()


@dataclass(frozen=True)
class AdobePass:
    """One space of a running mock: the Adobe Pass of one test."""

    url: str
    """Base URL of Adobe Pass for the service under test."""
    control: SyncControlClient
    """Client of the control API of this space."""
    token: str | None = None
    """Control token of the mock, if it has one."""

    def software_statement(self, application: str = "default") -> str:
        """Return a software statement, with which the service under test registers."""
        return self.control.software_statement(application)

    def async_control(self) -> ControlClient:
        """Return a client for asyncio tests: ``async with adobe_pass.async_control() as control``."""
        return ControlClient(self.url, token=self.token)


@contextmanager
def fresh_space(mock_url: str, *, token: str | None = None) -> Iterator[AdobePass]:
    """Yield a new space of the mock, and delete it at the end of the context."""
    name = f"test-{uuid.uuid4().hex}"
    with SyncControlClient(f"{mock_url.rstrip('/')}/~{name}", token=token) as control:
        try:
            yield AdobePass(control.base_url, control, token)
        finally:
            # A space exists from its first request; a test may have sent none.
            if name in control.spaces():
                control.delete_space(name)


class _OutputReader:
    """A thread that drains the output of a mock, so that its pipe never fills, and finds the base URL in it."""

    def __init__(self, stream: IO[str] | None) -> None:
        if stream is None:
            raise MockFailed("the output of the mock cannot be read: it has no stderr pipe")
        self._stream = stream
        self._last_lines: deque[str] = deque(maxlen=5)
        self._address: queue.Queue[str | None] = queue.Queue()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def address(self) -> str:
        """Wait for the base URL and return it; MockFailed if the mock ends first, or takes too long."""
        try:
            found = self._address.get(timeout=START_TIMEOUT_S)
        except queue.Empty:
            found = None
        if found is None:
            raise MockFailed(f"the mock did not start: {' / '.join(self._last_lines) or 'it printed nothing'}")
        return found

    def close(self) -> None:
        """Wait for the end of the output."""
        self._thread.join()
        self._stream.close()

    def _read(self) -> None:
        for line in self._stream:
            self._last_lines.append(line.strip())
            if line.startswith("Adobe Pass mock") and (found := re.search(r"https?://\S+", line)):
                self._address.put(found[0])
        self._address.put(None)
