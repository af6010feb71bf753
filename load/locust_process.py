"""The Locust process that generates the load: command line, start, messages and end."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from pass_harness.conformance.errors import HarnessError
from pass_harness.load import ipc_messages
from pass_harness.load.ipc_messages import Assignment, GeneratorMessage

LONGEST_LINE = 1 << 24
TERMINATION_TIMEOUT_S = 10.0


@dataclass(frozen=True, kw_only=True)
class LocustOptions:
    """Options for Locust itself. By default, one process generates, without a web page."""

    processes: int = 0
    """Number of workers on this machine."""
    expect_workers: int = 0
    """Number of workers to wait for, on this or other machines."""
    bind_host: str = "127.0.0.1"
    bind_port: int = 5557
    web_port: int | None = None
    csv: str | None = None
    html: str | None = None

    @property
    def shares(self) -> int:
        """Number of generating processes."""
        return self.processes or self.expect_workers or 1

    def arguments(self) -> list[str]:
        """Return the arguments for Locust's command line."""
        workers = []
        if self.processes:
            workers = [f"--processes={self.processes}"]
        elif self.expect_workers:
            workers = ["--master", f"--expect-workers={self.expect_workers}"]
        if workers:
            # Workers of --processes connect to the port on this machine.
            workers += [f"--master-bind-host={self.bind_host}", f"--master-bind-port={self.bind_port}"]
            workers += [f"--master-port={self.bind_port}"]
        web = ["--headless", "--only-summary"]
        if self.web_port is not None:
            web = ["--autostart", "--web-host=127.0.0.1", f"--web-port={self.web_port}"]
        return [
            f"--users={self.shares}",
            f"--spawn-rate={self.shares}",
            *workers,
            *web,
            *([f"--csv={self.csv}"] if self.csv else []),
            *([f"--html={self.html}"] if self.html else []),
        ]


def locust_command(arguments: Sequence[str]) -> list[str]:
    """Return Locust's command line with the locustfile of this package."""
    locustfile = Path(str(resources.files("pass_harness.load.generator") / "locustfile.py"))
    # -P: do not import modules from the current directory.
    return [sys.executable, "-P", "-m", "locust", "-f", str(locustfile), *arguments]


@asynccontextmanager
async def generating(
    assignment: Assignment, options: LocustOptions
) -> AsyncIterator[AsyncIterator[GeneratorMessage]]:
    """Generate the event in child processes; the context is an iterator over their messages.

    Leaving the context ends the processes. Raises `HarnessError` with their last log lines if they fail.
    """
    reading, writing = os.pipe()
    with tempfile.TemporaryFile() as log, tempfile.NamedTemporaryFile() as file:
        file.write(ipc_messages.encode_line(assignment))
        file.flush()
        command = locust_command([f"--assignment={file.name}", f"--messages-fd={writing}", *options.arguments()])
        process = await asyncio.create_subprocess_exec(
            *command, stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log, pass_fds=(writing,)
        )
        os.close(writing)

        async def messages() -> AsyncIterator[GeneratorMessage]:
            lines = asyncio.StreamReader(limit=LONGEST_LINE)
            loop = asyncio.get_running_loop()
            transport, _ = await loop.connect_read_pipe(
                lambda: asyncio.StreamReaderProtocol(lines), os.fdopen(reading, "rb")
            )
            try:
                async for text in lines:
                    yield ipc_messages.read_message(text)
            finally:
                transport.close()
            if await process.wait():
                log.seek(0)
                last_lines = " / ".join(log.read().decode("utf-8", "replace").strip().splitlines()[-3:])
                raise HarnessError(
                    f"the load generator exited with status {process.returncode}: {last_lines or 'no output'}"
                )

        try:
            yield messages()
        finally:
            await _end(process)


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    process.terminate()
    try:
        await asyncio.wait_for(process.wait(), TERMINATION_TIMEOUT_S)
    except TimeoutError:
        process.kill()
        await process.wait()
