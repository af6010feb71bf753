"""Requests read and answers written in one piece, past what uvicorn does for every kind of them.

Both look at uvicorn's side of a request, which is the object that the functions of ASGI belong to, and leave alone
what is out of the ordinary with it: then ASGI has its way.
"""

from __future__ import annotations

from functools import lru_cache

from starlette.types import Receive, Send
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

from pass_harness.mock_server.transport.raw_headers import RawHeaders


def read_whole(receive: Receive) -> bytes | None:
    """The body of a request, if all of it is here; None if it has to be waited for."""
    cycle = getattr(receive, "__self__", None)
    if (
        type(cycle) is not RequestResponseCycle
        or cycle.more_body
        or cycle.waiting_for_100_continue
        or cycle.disconnected
        or cycle.response_started
    ):
        return None
    body, cycle.body = bytes(cycle.body), bytearray()
    cycle.message_event.clear()
    cycle.flow.resume_reading()
    return body


def write_whole(send: Send, status: int, headers: RawHeaders, body: bytes) -> bool:
    """Writes an answer to the connection in one piece, if uvicorn has nothing to consider with it; whether it did.

    Uvicorn looks through every header for characters that would break it, and writes head and body one by one: much
    of the time of a small answer. ``headers`` are the mock's own, with the body's length, and hold none of these.
    """
    cycle = getattr(send, "__self__", None)
    if (
        type(cycle) is not RequestResponseCycle
        or not cycle.keep_alive
        or cycle.disconnected
        or cycle.response_started
        or cycle.flow.write_paused
        or cycle.scope["method"] == "HEAD"
    ):
        return False
    cycle.response_started = cycle.response_complete = True
    cycle.transport.write(_head(status, tuple(headers)) + body)
    cycle.message_event.set()
    cycle.on_response()
    return True


@lru_cache(maxsize=256)
def _head(status: int, headers: tuple[tuple[bytes, bytes], ...]) -> bytes:
    """Remembered, for answers of one kind and one second have the same."""
    return b"%b%b\r\n\r\n" % (STATUS_LINE[status], b"\r\n".join(map(b": ".join, headers)))
