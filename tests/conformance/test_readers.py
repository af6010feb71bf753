"""Readers: recorded traces, compressed or not, and the paged journal of a mock."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from contextlib import nullcontext
from pathlib import Path

import msgspec
import pytest
from conformance_traces import Trace

from pass_harness.conformance.errors import ConfigError, HarnessError
from pass_harness.conformance.outcomes import Expectations
from pass_harness.conformance.readers.journal_pages import first_of_run, follow, whole_run
from pass_harness.conformance.readers.jsonl import read_jsonl
from pass_harness.conformance.readers.remarks import Remarks
from pass_harness.conformance.registry import all_rules
from pass_harness.conformance.running.audit import audit
from pass_harness.mock_server.client.async_client import ControlClient, ExchangePage
from pass_harness.mock_server.exchange import Exchange, RecordEnded, Stall


def recorded() -> list[Exchange]:
    trace = Trace().start()
    trace.profiles()
    return [seen for seen in trace.observations if isinstance(seen, Exchange)]


def lines(exchanges: list[Exchange]) -> bytes:
    return b"".join(msgspec.json.encode(exchange) + b"\n" for exchange in exchanges)


@pytest.mark.parametrize("name", ["trace.jsonl", "trace.jsonl.gz"])
def test_a_recorded_trace_is_read_back(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    content = lines(recorded()) + b"\n"
    path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)

    assert list(read_jsonl(path)) == recorded()


def test_stalls_of_the_mock_are_read_apart_from_exchanges(tmp_path: Path) -> None:
    path = tmp_path / "trace.jsonl"
    stall, remarks = Stall(at=1000, wall=1.0, stalled_ms=500.0), Remarks()
    path.write_bytes(msgspec.json.encode(stall) + b"\n" + lines(recorded()))

    assert list(read_jsonl(path, remarks)) == recorded()
    assert remarks.stalls == [stall]
    run = audit([path], all_rules(), Expectations()).run
    assert (run.exchanges, run.stall_count, run.stalled_s) == (len(recorded()), 1, 0.5)


@pytest.mark.parametrize(
    "line",
    [
        b"{",
        b"[]",
        b'{"stalled_ms":"long"}',
        b'{"stalled_ms":1,"at":99999999999999999,"wall":1}',
        b'{"id": "one"}',
        b"\xff\xfe",
        b'{"id": 1, "space": "\x80"}',
        b"null",
    ],
)
def test_an_invalid_line_is_an_error_with_its_number(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "trace.jsonl"
    path.write_bytes(lines(recorded()) + line + b"\n")

    with pytest.raises(ConfigError, match=r"trace\.jsonl:4: not an exchange: .*one exchange per line"):
        list(read_jsonl(path))


def test_a_trace_that_reached_its_limit_is_read_and_named(tmp_path: Path) -> None:
    path = tmp_path / "trace.jsonl"
    ended = RecordEnded(record_ended="the file has reached its limit", at=0, wall=0.0)
    path.write_bytes(lines(recorded()) + msgspec.json.encode(ended) + b"\n")

    report = audit([path], all_rules(), Expectations())
    assert report.run.exchanges == len(recorded())
    assert report.run.cut_short == [str(path)]
    assert report.run.not_judged == f"traces cut at their maximum size: {path}"


@pytest.mark.parametrize("left", [b"{", b'{"id":4,"space":"def', b'{"id":4,"space":"\xc3', b'{"id":4\0\0', b"\0" * 9])
def test_a_trace_is_judged_up_to_a_torn_last_line_and_named(tmp_path: Path, left: bytes) -> None:
    path = tmp_path / "trace.jsonl"
    path.write_bytes(lines(recorded()) + left)

    report = audit([path], all_rules(), Expectations())
    assert report.run.exchanges == len(recorded())
    assert report.run.torn == [str(path)]
    assert report.run.not_judged == f"traces with an incomplete last line: {path}"


@pytest.mark.parametrize("content", [b"{", b"notes"])
def test_a_file_without_an_exchange_is_no_torn_trace(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "trace.jsonl"
    path.write_bytes(content)

    with pytest.raises(ConfigError, match=r"trace\.jsonl:1: not an exchange"):
        list(read_jsonl(path))


def test_a_damaged_gzip_file_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "trace.jsonl.gz"
    path.write_bytes(gzip.compress(lines(recorded()))[:-12])

    with pytest.raises(ConfigError, match=r"trace\.jsonl\.gz:\d+: the gzip stream is damaged"):
        list(read_jsonl(path))


@pytest.mark.parametrize("name", ["trace.jsonl.gz", "trace.jsonl"])
def test_compression_is_detected_by_content(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    content = lines(recorded())
    path.write_bytes(content if name.endswith(".gz") else gzip.compress(content))

    assert list(read_jsonl(path)) == recorded()


@pytest.mark.parametrize("level", [0, 1, 6, 9])
def test_a_file_of_zlib_is_read_and_a_damaged_one_is_an_error(tmp_path: Path, level: int) -> None:
    path = tmp_path / "trace.zhar"
    packed = zlib.compress(lines(recorded()) * 500, level)
    path.write_bytes(packed)
    assert list(read_jsonl(path)) == recorded() * 500

    for damaged in (packed[:-1], packed[: len(packed) // 2], packed[:-1] + b"?"):
        path.write_bytes(damaged)
        with pytest.raises(ConfigError, match=r"trace\.zhar:\d+: the zlib stream is damaged"):
            list(read_jsonl(path))


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"gone\.jsonl: cannot be read: No such file"):
        list(read_jsonl(tmp_path / "gone.jsonl"))


class PagedJournal(ControlClient):
    """A journal of five exchanges in pages of two."""

    def __init__(self, exchanges: list[Exchange]) -> None:
        self.kept = exchanges
        self.asked: list[int] = []

    async def exchanges(self, *, after: int = 0, limit: int = 1000, **filters: str) -> ExchangePage:
        self.asked.append(after)
        last = self.kept[-1].id if self.kept else 0
        found = [exchange for exchange in self.kept if exchange.id > after][: min(2, limit)]
        return ExchangePage(exchanges=found, next=found[-1].id if found else min(after, last) if limit else last)


def test_the_journal_is_followed_to_its_end() -> None:
    exchanges = [msgspec.structs.replace(recorded()[0], id=number) for number in range(1, 6)]
    journal = PagedJournal(exchanges)

    async def collect() -> list[Exchange]:
        return [exchange async for exchange in follow(journal, after=1)]

    assert asyncio.run(collect()) == exchanges[1:]
    assert journal.asked == [1, 3, 5]


def numbered(*ids: int, wall: float = 0.0) -> list[Exchange]:
    return [msgspec.structs.replace(recorded()[0], id=number, wall=wall + number) for number in ids]


@pytest.mark.parametrize(
    ("kept", "error"),
    [
        (numbered(4, 5, 6), ""),
        (numbered(5, 6), "1 of 3 exchanges left the journal before they were judged"),
        (numbered(4, 6), "1 of 3 exchanges left the journal"),
        (numbered(1, 2), "the journal of the mock began again"),
        (numbered(1, 2, 3, 4, wall=100), "the journal of the mock began again"),
        ([], "the journal of the mock began again"),
    ],
    ids=["whole", "its beginning is gone", "a part is gone", "restarted", "restarted and longer", "emptied"],
)
def test_a_run_is_judged_by_its_whole_journal(kept: list[Exchange], error: str) -> None:
    first = asyncio.run(first_of_run(PagedJournal(numbered(1, 2, 3, 4)), 3))
    with pytest.raises(HarnessError, match=error) if error else nullcontext():
        assert asyncio.run(whole_run(PagedJournal(kept), 3, first)) == kept


@pytest.mark.parametrize(("moved_s", "error"), [(3_600, r"moved by \+3600 s"), (-30, "moved by -30 s"), (4, "")])
def test_a_run_is_not_judged_if_somebody_moved_the_clock_of_the_mock(moved_s: int, error: str) -> None:
    one = recorded()[0]
    kept = [
        msgspec.structs.replace(one, id=number, wall=one.wall + number, at=one.at + number * 1000)
        for number in (1, 2)
    ]
    kept.append(msgspec.structs.replace(one, id=3, wall=one.wall + 3, at=one.at + (3 + moved_s) * 1000))
    with pytest.raises(HarnessError, match=error) if error else nullcontext():
        assert asyncio.run(whole_run(PagedJournal(kept), 0)) == kept


def test_a_store_that_was_emptied_in_the_first_run_of_a_mock_is_noticed() -> None:
    first = numbered(1)[0]
    with pytest.raises(HarnessError, match="the journal of the mock began again"):
        asyncio.run(whole_run(PagedJournal([]), 0, first))


def test_later_exchanges_are_followed_on_request() -> None:
    exchanges = [msgspec.structs.replace(recorded()[0], id=number) for number in range(1, 4)]
    journal = PagedJournal(exchanges[:2])

    async def collect() -> list[int]:
        seen = []
        async for exchange in follow(journal, every_s=0.01):
            seen.append(exchange.id)
            journal.kept = exchanges
            if len(seen) == 3:
                break
        return seen

    assert asyncio.run(collect()) == [1, 2, 3]
