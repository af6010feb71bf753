"""The journal of a running mock, read page by page."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

from pass_harness.conformance.errors import HarnessError
from pass_harness.conformance.facts.exchanges import DCR
from pass_harness.mock_server.client.async_client import ControlClient, ControlError
from pass_harness.mock_server.exchange import Exchange, Stall

PAGE = 1000
BEGAN_AGAIN = (
    "the journal of the mock began again during the run: the mock was restarted, or its store emptied; start the run "
    "again, and leave the mock alone until its end"
)
CLOCK_MOVED_S = 5.0
"""Seconds by which the clock of the space may have moved during a run, at most."""
CLOCK_MOVED = (
    "the clock of the mock's space was moved by {:+.0f} s during the run, and that of the service was not, so expiry "
    "is misjudged: start the run again, and leave the mock alone until its end"
)


async def follow(control: ControlClient, after: int = 0, *, every_s: float | None = None) -> AsyncIterator[Exchange]:
    """Yield the exchanges after the one with id ``after``, oldest first.

    Ends at the end of the journal. With ``every_s`` it never ends, and polls for more every ``every_s`` seconds.
    Raises `HarnessError` if the ids began again.
    """
    while True:
        page = await control.exchanges(after=after, limit=PAGE)
        for exchange in page.exchanges:
            yield exchange
        if page.next < after:
            raise HarnessError(BEGAN_AGAIN)
        after = page.next
        if not page.exchanges:
            if every_s is None:
                return
            await asyncio.sleep(every_s)


async def first_of_run(control: ControlClient, after: int) -> Exchange | None:
    """Return the exchange after the one with id ``after``, by which `whole_run` recognises the journal."""
    found = (await control.exchanges(after=after, limit=1)).exchanges
    return found[0] if found else None


async def whole_run(control: ControlClient, after: int, first: Exchange | None = None) -> list[Exchange]:
    """Return the exchanges after the one with id ``after``, oldest first.

    Ids are consecutive. Raises `HarnessError` if some are missing, if the journal is not that of ``first``, or if the
    clock of the space was moved.
    """
    found = [exchange async for exchange in follow(control, after)]
    last = found[-1].id if found else (await control.exchanges(limit=0)).next
    if lost := last - after - len(found):
        raise HarnessError(
            f"{lost} of {last - after} exchanges left the journal before they were judged: raise [bounds] "
            "journal_exchanges of the mock, and do not empty the journal during a run"
        )
    if first is not None and [(one.at, one.wall) for one in found[:1]] != [(first.at, first.wall)]:
        raise HarnessError(BEGAN_AGAIN)
    check_clock(found)
    return found


def check_clock(exchanges: Sequence[Exchange]) -> None:
    """Raise `HarnessError` if the clock of the space moved against the monotonic one between two exchanges."""
    ahead_s = [one.at / 1000 - one.wall for one in exchanges]
    moved_s = next((one - ahead_s[0] for one in ahead_s if abs(one - ahead_s[0]) > CLOCK_MOVED_S), None)
    if moved_s is not None:
        raise HarnessError(CLOCK_MOVED.format(moved_s))


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
