"""The generating process as the judging one sees it: started, listened to, and ended."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.util import find_spec

from conformance.errors import ConfigError, HarnessError
from load import messages
from load.messages import Assignment, Told

LONGEST_LINE = 1 << 24
ENDS_WITHIN = 5.0


def require_locust() -> None:
    """Raises `ConfigError` where Locust is not installed."""
    if find_spec("locust") is None:
        raise ConfigError('load needs Locust, which is not installed: pip install "pass-harness[load]"')


@asynccontextmanager
async def generating(assignment: Assignment) -> AsyncIterator[AsyncIterator[Told]]:
    """Generates the event in a process of its own; what it tells, up to its end.

    The process is gone when the context is left. Raises `HarnessError` with its last words if it failed.
    """
    with tempfile.TemporaryFile() as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "load.generator",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=log,
            limit=LONGEST_LINE,
        )

        async def told() -> AsyncIterator[Told]:
            if process.stdin is None or process.stdout is None:
                raise HarnessError("the load generator has no pipes")
            process.stdin.write(messages.line(assignment))
            process.stdin.close()
            async for text in process.stdout:
                yield messages.read_told(text)
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
