"""Audits by several processes: the report of one, and the ends of the processes."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import psutil
import pytest
from audit_command import audit
from breakers import BREAKERS
from failing_rules import Killed, Raising
from hypothesis import given, settings
from hypothesis import strategies as st

from pass_harness.conformance.evaluation.waivers import Waivers
from pass_harness.conformance.outcomes import Expectations
from pass_harness.conformance.registry import all_rules
from pass_harness.conformance.reports import json as reports
from pass_harness.conformance.rule import Rule
from pass_harness.conformance.running import audit as auditing
from pass_harness.conformance.running import judging_processes
from pass_harness.conformance.running.judging import Judgement, judge_exchanges
from pass_harness.mock_server.exchange import Exchange, Stall

BODIES = ("request_body", "response_body")
WAIVED = ("authorization.single-resource", "headers.authorization", "registration.token-reused")
STALLS = [Stall(stalled_ms=900.0, at=0, wall=100.5 + number) for number in range(12)]


@cache
def judged_alone(name: str) -> list[Exchange]:
    return [seen for seen in BREAKERS[name]().observations if isinstance(seen, Exchange)]


def record(names: Iterable[str], chance: random.Random) -> list[Exchange]:
    """Return traces that violate rules, one after another, with lags, several spaces, and missing bodies."""
    made: list[Exchange] = []
    begins_s = 0.0
    for name in names:
        space = chance.choice(["default", "default", "other"])
        for seen in judged_alone(name):
            bodies = {body: "" for body in BODIES if getattr(seen, body) and chance.random() < 0.02}
            made.append(
                msgspec.structs.replace(
                    seen,
                    id=len(made) + 1,
                    space=space,
                    wall=begins_s + seen.wall,
                    lag_ms=chance.choice([0.0, 0.0, 0.0, 700.0]),
                    lacks=tuple(bodies),
                    **bodies,
                )
            )
        begins_s = made[-1].wall
    return made


def write(path: Path, exchanges: Iterable[Exchange], stalls: Iterable[Stall] = ()) -> Path:
    path.write_bytes(b"".join(msgspec.json.encode(line) + b"\n" for line in (*exchanges, *stalls)))
    return path


def in_turn(
    exchanges: Iterable[Exchange],
    stalls: Callable[[], Sequence[Stall]],
    shares: Iterable[Sequence[type[Rule]]],
    expectations: Expectations,
    waivers: Waivers,
) -> list[Judgement]:
    """Judge as `judge_in_processes` does, in this process."""
    seen = list(exchanges)
    own, *others = shares
    judged = [judge_exchanges(seen, stalls, rules, expectations, deepcopy(waivers)) for rules in others]
    return [judge_exchanges(seen, stalls, own, expectations, waivers), *judged]


@settings(max_examples=25)
@given(
    st.lists(st.sampled_from(sorted(BREAKERS)), min_size=1, max_size=8),
    st.integers(2, 7),
    st.booleans(),
    st.randoms(use_true_random=False),
)
def test_parts_of_the_rules_give_the_report_of_all(
    tmp_path_factory: pytest.TempPathFactory, names: list[str], jobs: int, stalls: bool, chance: random.Random
) -> None:
    trace = tmp_path_factory.mktemp("record") / "trace.jsonl"
    write(trace, record(names, chance), STALLS if stalls else ())

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(auditing, "judge_in_processes", in_turn)
        one, several = (
            reports.encode(auditing.audit([trace], all_rules(), Expectations(), jobs=number)) for number in (1, jobs)
        )

    assert several == one


@pytest.mark.slow
def test_every_file_of_the_report_is_the_same_to_the_byte(tmp_path: Path) -> None:
    chance = random.Random(1)
    traces = [
        write(tmp_path / "one.jsonl", record([*BREAKERS, *BREAKERS], chance), STALLS),
        write(tmp_path / "two.jsonl", record(sorted(BREAKERS), chance)),
    ]
    waiver = '[[waivers]]\nrule = "{}"\nowner = "Video"\nreason = "A test."\nexpires = 9999-01-01\n'
    (tmp_path / "waivers.toml").write_text("".join(map(waiver.format, WAIVED)))
    audit(traces[1], "--report", tmp_path / "baseline")
    options = ("--waivers", tmp_path / "waivers.toml", "--baseline", tmp_path / "baseline" / "report.json")
    files: list[dict[str, bytes]] = []
    for jobs in ("1", "2", "5"):
        folder = tmp_path / f"by-{jobs}"
        done = audit(*traces, *options, "--strict-own", "--report", folder, "--jobs", jobs)
        assert done.code == 1
        files.append({file.name: file.read_bytes() for file in folder.iterdir()})

    assert {"report.json", "report.html", "report.junit.xml", "report.sarif"} <= files[0].keys()
    assert files[1] == files[0]
    assert files[2] == files[0]


def test_large_traces_are_judged_by_a_process_for_each_core(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trace = write(tmp_path / "trace.jsonl", judged_alone(WAIVED[0]))
    parts: list[int] = []

    def counted(exchanges: Iterable[Exchange], stalls: Any, shares: list[Any], *rest: Any) -> list[Judgement]:  # noqa: ANN401 - passed on
        parts.append(len(shares))
        return in_turn(exchanges, stalls, shares, *rest)

    monkeypatch.setattr(auditing, "judge_in_processes", counted)
    monkeypatch.setattr(auditing, "_cores", lambda: 3)
    audit(trace)
    monkeypatch.setattr(auditing, "LARGE", 1)
    audit(trace)
    audit(trace, "--jobs", "1")
    audit(trace, "--jobs", "200")

    assert parts == [3, len(all_rules())]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("rule", "sentence"),
    [
        (Killed, "HARNESS: a process that judged was ended by signal 9"),
        (Raising, "HARNESS: internal error: ZeroDivisionError"),
    ],
)
def test_a_process_that_fails_ends_the_audit(
    rule: type[Rule], sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trace = write(tmp_path / "trace.jsonl", judged_alone(WAIVED[0]) * 200)

    def with_failure(exchanges: Any, stalls: Any, shares: list[Any], *rest: Any) -> list[Judgement]:  # noqa: ANN401 - passed on
        return judging_processes.judge_in_processes(exchanges, stalls, [*shares, [rule]], *rest)

    monkeypatch.setattr(auditing, "judge_in_processes", with_failure)
    done = audit(trace, "--jobs", "2")

    assert (done.code, done.out) == (3, "")
    assert sentence in done.err
    assert "Traceback" not in done.err
    assert multiprocessing.active_children() == []


@pytest.mark.slow
def test_an_unreadable_trace_ends_all_processes(tmp_path: Path) -> None:
    trace = write(tmp_path / "trace.jsonl", judged_alone(WAIVED[0]))
    with trace.open("ab") as file:
        file.write(b"{}\n")
    lines = len(trace.read_bytes().splitlines())

    done = audit(trace, "--jobs", "2")

    assert done.code == 2
    assert f"{trace}:{lines}: not an exchange" in done.err
    assert multiprocessing.active_children() == []


@pytest.mark.slow
@pytest.mark.parametrize(("ending", "code"), [(signal.SIGINT, 130), (signal.SIGKILL, -signal.SIGKILL)])
def test_no_process_outlives_an_audit_that_ends_early(ending: signal.Signals, code: int, tmp_path: Path) -> None:
    exchanges = judged_alone(WAIVED[0])
    later = (
        msgspec.structs.replace(one, wall=one.wall + hour * 3600.0) for hour in range(20_000) for one in exchanges
    )
    trace = write(tmp_path / "trace.jsonl", later)
    # The background jobs of a shell ignore interrupts.
    program = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
    program += "from pass_harness.conformance.cli.main import main; main()"
    command = [sys.executable, "-c", program, "audit", str(trace), "--jobs", "2"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True) as audited:
        started = psutil.Process(audited.pid)
        judges: list[psutil.Process] = []
        while not judges:
            time.sleep(0.02)
            judges = [one for one in started.children() if "spawn_main" in " ".join(one.cmdline())]
        while audited.poll() is None:
            if ending is signal.SIGINT:
                os.killpg(audited.pid, ending)  # as a terminal does
            else:
                audited.kill()
            time.sleep(1)
        assert audited.stderr is not None
        errors = audited.stderr.read().decode()

    assert audited.returncode == code
    if ending is signal.SIGINT:  # a judge that is just starting cannot know that its reader was killed
        assert "Traceback" not in errors
    assert psutil.wait_procs(judges, timeout=60)[1] == []


def test_exchanges_and_stalls_arrive_in_a_process_as_they_were_sent() -> None:
    sent = judged_alone(WAIVED[0])
    odd = [msgspec.structs.replace(sent[0], id=2**70, status=-(2**70))]
    receiver, sender = multiprocessing.Pipe(duplex=False)
    for batch in (sent[:3], odd):
        sender.send_bytes(judging_processes.encoded(batch))
    sender.send_bytes(judging_processes.last_message(STALLS))
    stalls: list[Stall] = []

    assert list(judging_processes.received(receiver, stalls)) == [*sent[:3], *odd]
    assert stalls == STALLS
