"""Exchanges that a trace of the mock lacks are counted by their ids, and the report says so."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from audit_command import audit
from conformance_traces import Trace

from pass_harness.conformance.readers.missing_ids import MissingIds
from pass_harness.mock_server.exchange import Exchange


def exchanges(*ids: tuple[str, int] | int) -> list[Exchange]:
    trace = Trace().start()
    for _ in ids:
        trace.profiles()
    seen = [one for one in trace.observations if isinstance(one, Exchange)][: len(ids)]
    named = [("default", one) if isinstance(one, int) else one for one in ids]
    return [msgspec.structs.replace(one, space=space, id=id_) for one, (space, id_) in zip(seen, named, strict=True)]


@pytest.mark.parametrize(
    ("ids", "missing"),
    [
        ([7, 8, 9], 0),
        ([7, 9, 12], 3),
        ([2, 1, 4, 3], 0),
        ([1, 2, 3, 1, 2], 0),
        ([("a", 1), ("b", 1), ("a", 2), ("b", 4)], 2),
    ],
    ids=["begins in the middle", "filtered", "several writers", "restarted", "spaces"],
)
def test_ids_between_the_first_and_the_last_are_counted(ids: list[tuple[str, int] | int], missing: int) -> None:
    counted = MissingIds()
    given = exchanges(*ids)
    assert list(counted.counted(given)) == given
    assert counted.total == missing


def test_the_report_names_missing_exchanges(tmp_path: Path) -> None:
    trace = tmp_path / "trace.jsonl"
    trace.write_bytes(b"".join(msgspec.json.encode(one) + b"\n" for one in exchanges(1, 2, 3, 9)))
    assert "5 exchanges missing in the recording, as the ids show" in " ".join(audit(trace, form="text").out.split())
