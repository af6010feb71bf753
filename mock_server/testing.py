"""The mock for tests in Python: a process for the session, and a space for each test.

The pytest plugin (pytest_plugin.py) makes fixtures of these; other test frameworks use them as they are.
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

READY_WITHIN = 60.0
ENDS_WITHIN = 5.0


class MockFailed(Exception):
    """The mock did not come up; the sentence has the last of what it said."""


def environment() -> dict[str, str]:
    """That of a mock of one's own: a control token in this one is another mock's."""
    return {name: value for name, value in os.environ.items() if name != CONTROL_TOKEN}


@contextmanager
def running_mock(*arguments: str) -> Iterator[str]:
    """The address of a mock in a process of its own on a free port, which ends with the context.

    ``arguments`` are those of ``pass-mock serve``. MockFailed if it does not come up.
    """
    command = [sys.executable, "-P", "-m", "pass_harness.mock_server", "serve", "--port", "0", *arguments]
    # The command is this Python with a module of this distribution.
    process = subprocess.Popen(  # noqa: S603
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    )
    said = _Listener(process.stderr)
    try:
        yield said.address()
    finally:
        process.terminate()
        try:
            process.wait(ENDS_WITHIN)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        said.close()


@dataclass(frozen=True)
class AdobePass:
    """One space of a running mock: Adobe Pass as one test sees it."""

    url: str
    """The base URL to give to the service under test as that of Adobe Pass."""
    control: SyncControlClient
    """The control API of this space."""
    token: str | None = None

    def software_statement(self, application: str = "default") -> str:
        """What the service under test registers with."""
        return self.control.software_statement(application)

    def async_control(self) -> ControlClient:
        """The control API for tests that are coroutines: ``async with adobe_pass.async_control() as control``."""
        return ControlClient(self.url, token=self.token)


@contextmanager
def fresh_space(mock_url: str, *, token: str | None = None) -> Iterator[AdobePass]:
    """A space that nobody else uses, gone at the end of the context."""
    name = f"test-{uuid.uuid4().hex}"
    with SyncControlClient(f"{mock_url.rstrip('/')}/~{name}", token=token) as control:
        try:
            yield AdobePass(control.base_url, control, token)
        finally:
            # Not every test asks anything of its space, and one that nobody asked for is not there yet.
            if name in control.spaces():
                control.delete_space(name)


class _Listener:
    """Reads what a mock says, so that it never waits for a reader, and finds its address."""

    def __init__(self, stream: IO[str] | None) -> None:
        if stream is None:
            raise MockFailed("the mock's words cannot be read")
        self._stream = stream
        self._last: deque[str] = deque(maxlen=5)
        self._address: queue.Queue[str | None] = queue.Queue()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def address(self) -> str:
        """Waits for it; MockFailed if the mock ends before, or takes too long."""
        try:
            found = self._address.get(timeout=READY_WITHIN)
        except queue.Empty:
            found = None
        if found is None:
            raise MockFailed(f"the mock did not come up: {' / '.join(self._last) or 'it said nothing'}")
        return found

    def close(self) -> None:
        self._thread.join()
        self._stream.close()

    def _read(self) -> None:
        for line in self._stream:
            self._last.append(line.strip())
            if line.startswith("Adobe Pass mock") and (found := re.search(r"https?://\S+", line)):
                self._address.put(found[0])
        self._address.put(None)
