"""The journal of a running mock, read page by page."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from pass_harness.mock_server.client.async_client import ControlClient
from pass_harness.mock_server.exchange import Exchange

PAGE = 1000


async def follow(control: ControlClient, after: int = 0, *, every_s: float | None = None) -> AsyncIterator[Exchange]:
    """Yield the exchanges after the one with id ``after``, oldest first.

    Ends at the end of the journal. With ``every_s`` it never ends, and polls for more every ``every_s`` seconds.
    """
    while True:
        page = await control.exchanges(after=after, limit=PAGE)
        for exchange in page.exchanges:
            yield exchange
        after = max(after, page.next)
        if not page.exchanges:
            if every_s is None:
                return
            await asyncio.sleep(every_s)
