"""Write coalescing: what is written in one turn of the event loop leaves at its end, in order."""

from __future__ import annotations

import asyncio

import pytest

from pass_harness.mock_server.transport.write_coalescing import CoalescingTransport


class _Transport(asyncio.Transport):
    """A transport that records its calls."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[object] = []
        self.gone = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.seen.append(bytes(data))

    def close(self) -> None:
        self.seen.append("closed")
        self.gone = True

    def abort(self) -> None:
        self.seen.append("aborted")
        self.gone = True

    def is_closing(self) -> bool:
        return self.gone


@pytest.fixture
def wire() -> _Transport:
    return _Transport()


def _run(wire: _Transport, *steps: str | bytes) -> list[object]:
    async def play() -> list[object]:
        transport = CoalescingTransport(wire, asyncio.get_running_loop())
        for step in steps:
            if isinstance(step, bytes):
                transport.write(step)
            elif step == "turn":
                await asyncio.sleep(0)
                wire.seen.append("turn")
            elif step == "hung up":
                wire.gone = True
            else:
                getattr(transport, step)()
        return wire.seen

    return asyncio.run(play())


def test_writes_of_one_turn_are_sent_together_at_its_end(wire: _Transport) -> None:
    assert _run(wire, b"head ", b"body", "turn", b"next", "turn") == [b"head body", "turn", b"next", "turn"]


@pytest.mark.parametrize(("end", "noted"), [("close", "closed"), ("abort", "aborted")])
def test_close_comes_after_pending_writes(wire: _Transport, end: str, noted: str) -> None:
    assert _run(wire, b"last", end, "turn") == [b"last", noted, "turn"]


def test_a_long_answer_is_sent_at_once(wire: _Transport) -> None:
    piece = b"x" * 40_000
    assert _run(wire, piece, piece, b"rest", "turn") == [piece + piece, b"rest", "turn"]


def test_a_closed_connection_is_sent_nothing(wire: _Transport) -> None:
    assert _run(wire, b"late", "hung up", "turn") == ["turn"]
