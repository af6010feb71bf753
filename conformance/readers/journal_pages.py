"""The journal of a running mock, read page by page."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from pass_harness.conformance.facts.exchanges import DCR
from pass_harness.mock_server.client.async_client import ControlClient, ControlError
from pass_harness.mock_server.exchange import Exchange, Stall

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


async def registrations(control: ControlClient, until: int) -> list[Exchange]:
    """Return the registrations and token requests up to the exchange with id ``until``, oldest first."""
    found: list[Exchange] = []
    for endpoint in sorted(DCR):
        after = 0
        while page := (await control.exchanges(after=after, limit=PAGE, endpoint=endpoint)).exchanges:
            found += [exchange for exchange in page if exchange.id <= until]
            after = page[-1].id
            if after > until:
                break
    return sorted(found, key=lambda exchange: exchange.wall)


async def stalls_since(control: ControlClient, since_s: float) -> list[Stall]:
    """Return the stalls of the mock that ended after a time (s, on the scale of ``Exchange.wall``), oldest first.

    A mock of a version that does not list stalls has none.
    """
    try:
        listed = await control.stalls()
    except ControlError:
        return []
    return [stall for stall in listed if stall.end_s > since_s]
