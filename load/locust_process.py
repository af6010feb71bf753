"""Locust's process as the judging one sees it: started, listened to, and ended."""

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
from pass_harness.load.ipc_messages import Assignment, Told

LONGEST_LINE = 1 << 24
ENDS_WITHIN = 10.0


@dataclass(frozen=True, kw_only=True)
class LocustOptions:
    """What users say to Locust itself. Without any, one process generates, and there is no web page."""

    processes: int = 0
    """Workers on this machine."""
    expect_workers: int = 0
    """Workers on other machines, which connect by themselves."""
    bind_host: str = "127.0.0.1"
    bind_port: int = 5557
    web_port: int | None = None
    csv: str | None = None
    html: str | None = None

    @property
    def shares(self) -> int:
        """How many processes generate."""
        return self.processes or self.expect_workers or 1

    def arguments(self) -> list[str]:
        """As Locust's command has them."""
        workers = []
        if self.processes:
            workers = [f"--processes={self.processes}"]
        elif self.expect_workers:
            workers = ["--master", f"--expect-workers={self.expect_workers}"]
        if workers:
            # The workers of --processes ask for the port on this machine.
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
    """Locust's own command with our locustfile."""
    locustfile = Path(str(resources.files("pass_harness.load.generator") / "locustfile.py"))
    # -P: what lies in the current directory is not imported.
    return [sys.executable, "-P", "-m", "locust", "-f", str(locustfile), *arguments]


@asynccontextmanager
async def generating(assignment: Assignment, options: LocustOptions) -> AsyncIterator[AsyncIterator[Told]]:
    """Generates the event in processes of its own; what they tell, up to their end.

    They are gone when the context is left. Raises `HarnessError` with their last words if they failed.
    """
    reading, writing = os.pipe()
    with tempfile.TemporaryFile() as log, tempfile.NamedTemporaryFile() as file:
        file.write(ipc_messages.line(assignment))
        file.flush()
        command = locust_command([f"--assignment={file.name}", f"--told={writing}", *options.arguments()])
        process = await asyncio.create_subprocess_exec(
            *command, stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log, pass_fds=(writing,)
        )
        os.close(writing)

        async def told() -> AsyncIterator[Told]:
            lines = asyncio.StreamReader(limit=LONGEST_LINE)
            loop = asyncio.get_running_loop()
            transport, _ = await loop.connect_read_pipe(
                lambda: asyncio.StreamReaderProtocol(lines), os.fdopen(reading, "rb")
            )
            try:
                async for text in lines:
                    yield ipc_messages.read_told(text)
            finally:
                transport.close()
            if await process.wait():
                log.seek(0)
                words = " / ".join(log.read().decode("utf-8", "replace").strip().splitlines()[-3:])
                raise HarnessError(
                    f"the load generator ended with {process.returncode}: {words or 'it said nothing'}"
                )

        try:
            yield told()
        finally:
            await _end(process)


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    process.terminate()
    try:
        await asyncio.wait_for(process.wait(), ENDS_WITHIN)
    except TimeoutError:
        process.kill()
        await process.wait()
