"""The journal of a running mock, page by page."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from pass_harness.mock_server.client.async_client import ControlClient
from pass_harness.mock_server.exchange import Exchange

PAGE = 1000


async def follow(control: ControlClient, after: int = 0, *, every: float | None = None) -> AsyncIterator[Exchange]:
    """The exchanges after the one with id ``after``, oldest first.

    Ends with the journal, or, where ``every`` is given, never: it then looks for more each ``every`` seconds.
    """
    while True:
        page = await control.exchanges(after=after, limit=PAGE)
        for exchange in page.exchanges:
            yield exchange
        after = max(after, page.next)
        if not page.exchanges:
            if every is None:
                return
            await asyncio.sleep(every)
