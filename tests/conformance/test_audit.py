"""Audits: progress, and the garbage collector afterwards."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from audit_command import audit, write
from breakers import BREAKERS
from conformance_traces import Trace

from pass_harness.conformance.evaluation.engine import Judge
from pass_harness.conformance.evaluation.evidence_history import EvidenceHistory
from pass_harness.conformance.outcomes import Expectations
from pass_harness.conformance.registry import all_rules
from pass_harness.conformance.running import audit as auditing
from pass_harness.mock_server.exchange import Exchange


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    made = Trace().start()
    for _ in range(3):
        made.wait(5).profiles()
    return write(made, tmp_path / "trace.jsonl")


def test_a_long_audit_says_how_far_it_is(trace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auditing, "PROGRESS_EVERY", 2)

    assert audit(trace).err.splitlines() == [f"judging {trace}", "2 exchanges judged", "4 exchanges judged"]


def test_the_garbage_collector_is_enabled_again_afterwards(trace: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.jsonl").write_text("{}\n")
    assert gc.isenabled()

    assert audit(trace).code == 0
    assert gc.isenabled()
    assert audit(tmp_path / "bad.jsonl").code == 2
    assert gc.isenabled()


def test_an_audit_creates_no_garbage_cycles() -> None:
    judged = Judge(all_rules(), Expectations(), driven=False, history=EvidenceHistory())
    gc.collect()
    with gc_stopped():
        for trace in BREAKERS.values():
            for seen in trace().observations:
                if isinstance(seen, Exchange):
                    judged.observe(seen)
        assert gc.collect() == 0


@contextmanager
def gc_stopped() -> Iterator[None]:
    """Stop the collector; objects that exist already, which caches may drop in between, do not count as garbage."""
    gc.disable()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
        gc.enable()


def test_an_audit_reads_a_growing_file_up_to_its_length_at_the_start(
    trace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = trace.read_bytes().splitlines(keepends=True)
    trace.write_bytes(b"".join(lines[:3]))
    read = auditing.read_traces

    def read_while_it_grows(*arguments: Any, **options: Any) -> Iterator[Exchange]:  # noqa: ANN401 - passed on
        with trace.open("ab") as file:
            file.writelines(lines[3:])
        return read(*arguments, **options)

    monkeypatch.setattr(auditing, "read_traces", read_while_it_grows)
    report = auditing.audit([trace], all_rules(), Expectations())
    assert (report.run.exchanges, report.run.torn) == (3, [])
