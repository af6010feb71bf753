"""The first look at a service: whether it answers, and with which headers.

The body is not read: it may be endless, huge or compressed beyond measure, and says nothing about the setup.
"""

from __future__ import annotations

import asyncio

import httpx

from pass_harness.conformance.drivers.client_errors import reason_of
from pass_harness.mock_server.client.tls_trust import tls_context


class NoAnswer(Exception):
    """The service did not answer; the message is the reason."""


async def look(url: str, timeout_s: float) -> httpx.Response:
    """Send a GET and return the response without its body, whatever its status.

    Raises `NoAnswer` where no response begins within ``timeout_s`` seconds.
    """
    try:
        async with (
            asyncio.timeout(timeout_s),
            httpx.AsyncClient(timeout=timeout_s, verify=tls_context(), trust_env=False) as http,
            http.stream("GET", url) as answer,
        ):
            return answer
    except (httpx.TimeoutException, TimeoutError) as error:
        raise NoAnswer(f"no answer within {timeout_s:g} s") from error
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError, OverflowError) as error:
        raise NoAnswer(reason_of(error)) from error
