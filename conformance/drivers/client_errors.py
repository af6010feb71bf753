"""Errors of the HTTP clients that Python drivers use, as failures of the service."""

from __future__ import annotations

import os
import ssl
from contextlib import suppress

import httpx

from pass_harness.conformance.drivers.http_verbs import VerbError, excerpt
from pass_harness.mock_server.client.tls_trust import untrusted_certificate

LONGEST_CHAIN = 10
"""Causes of an error that are searched for one of the operating system."""
NO_ANSWER = 0
"""`VerbCall.status` of a verb without a response."""


def verb_error(error: Exception) -> VerbError:
    """Return the failure that an error of an HTTP client stands for: the response in it, or the lack of one."""
    if (answer := _answer_of(error)) is not None:
        status, body = answer
        return VerbError(f"the service answered {status}: {excerpt(body)}", status)
    if isinstance(error, TimeoutError | httpx.TimeoutException):
        return VerbError(f"no answer in time: {reason_of(error)}", NO_ANSWER)
    if isinstance(error, ConnectionRefusedError | httpx.ConnectError):
        return VerbError(f"no connection: {reason_of(error)}", NO_ANSWER)
    return VerbError(f"no answer: {reason_of(error)}", NO_ANSWER)


def _answer_of(error: Exception) -> tuple[int, bytes] | None:
    """Return status and body of the response that an error carries: of httpx, requests or urllib."""
    response = getattr(error, "response", None) if not isinstance(error, httpx.RequestError) else None
    status = getattr(response, "status_code", None)
    if isinstance(status, int):
        body = b""
        with suppress(Exception):  # a stream that was not read
            body = response.content  # type: ignore[union-attr]
        return status, body
    code = getattr(error, "code", None)  # urllib.error.HTTPError is the response itself
    if isinstance(code, int) and hasattr(error, "read"):
        body = b""
        with suppress(Exception):
            body = error.read()
        return code, body
    return None


def reason_of(error: BaseException) -> str:
    """Return the reason of an error, preferably that of the operating system: "connection refused"."""
    if (untrusted := untrusted_certificate(error)) is not None:
        return untrusted
    cause: BaseException | None = error
    for _ in range(LONGEST_CHAIN):
        if isinstance(cause, OSError) and cause.errno and not isinstance(cause, ssl.SSLError):
            return os.strerror(cause.errno).lower() if cause.errno > 0 else str(cause.strerror)
        cause = (cause.__cause__ or cause.__context__) if cause is not None else None
    return str(getattr(error, "reason", "") or error) or type(error).__name__
