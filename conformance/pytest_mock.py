"""The mock for tests in Python: a process for the session, and a space for each test."""

from __future__ import annotations

import asyncio
import tempfile
import uuid
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from conformance import example
from mock_server.control_client import ControlClient

T = TypeVar("T")


@contextmanager
def running_mock(url: str | None) -> Iterator[str]:
    """The mock at ``url``, or one in a process of its own that ends with the context."""
    if url is not None:
        yield url.rstrip("/")
        return
    with tempfile.TemporaryDirectory(prefix="pass-mock-") as folder, example.mock(Path(folder)) as mock:
        yield mock.url


@dataclass(frozen=True)
class AdobePass:
    """One space of a running mock."""

    url: str
    """The base URL to give to the service under test as that of Adobe Pass."""

    @classmethod
    def in_new_space(cls, mock_url: str) -> AdobePass:
        return cls(f"{mock_url}/~test-{uuid.uuid4().hex}")

    def control(self) -> ControlClient:
        """The control API of this space, for tests that are coroutines: ``async with adobe_pass.control() as c``."""
        return ControlClient(self.url)

    def do(self, call: Callable[[ControlClient], Awaitable[T]]) -> T:
        """One control call from a plain test: ``adobe_pass.do(lambda control: control.login(code))``."""

        async def once() -> T:
            async with self.control() as control:
                return await call(control)

        return asyncio.run(once())
