"""The clock of the run in a generating process on any machine."""

from __future__ import annotations

import time
from collections.abc import Callable

import httpx

from pass_harness.conformance.drivers.mock_clock import READINGS, Offset
from pass_harness.mock_server.client.async_client import bearer
from pass_harness.mock_server.client.tls_trust import tls_context


def clock_of(mock: str, control_token: str | None = None) -> Callable[[], float]:
    """Return a function for the seconds on the mock's monotonic clock, or on the system clock without a mock.

    Without a mock, the time goes on evenly from the first reading, also where the system clock is set.

    Raises `httpx.HTTPError` if the mock does not answer.
    """
    if not mock:
        epoch_s = time.time() - time.monotonic()
        return lambda: epoch_s + time.monotonic()
    offset = Offset()
    with httpx.Client(headers=bearer(control_token), verify=tls_context(), trust_env=False, timeout=10) as http:
        for _ in range(READINGS):
            sent = time.monotonic()
            answer = http.get(f"{mock}/_mock/health").raise_for_status()
            if offset.read(sent, float(answer.json()["wall"]), time.monotonic()):
                break
    seconds = offset.seconds
    return lambda: time.monotonic() + seconds
