"""Answers in one write, past what uvicorn does for every kind of answer."""

from __future__ import annotations

from starlette.types import Send
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

from mock_server.raw_headers import RawHeaders


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
    cycle.transport.write(b"%b%b\r\n\r\n%b" % (STATUS_LINE[status], b"\r\n".join(map(b": ".join, headers)), body))
    cycle.message_event.set()
    cycle.on_response()
    return True
