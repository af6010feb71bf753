"""Lives of a space: what the mock has forgotten, in a reset or a restart, is no knowledge of the rules either."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from audit_command import audit
from conformance_traces import Trace
from test_watched_observations import watching

from pass_harness.conformance.evaluation.engine import Verdict
from pass_harness.conformance.readers.lives import Lives
from pass_harness.mock_server.exchange import Exchange, SpaceReset
from tests.conformance.trace_viewers import OTHER, VIEWER

REUSED = "registration.credentials-reused"


def started_twice() -> tuple[list[Exchange], list[Exchange]]:
    """Return the exchanges of two tests, each of which starts the service without credentials."""
    lives = []
    for client in ("client-1", "client-2"):
        trace = Trace(now=100.0 if client == "client-1" else 200.0)
        trace.register(client)
        trace.token(f"token of {client}")
        for viewer in (VIEWER, OTHER):
            trace.profiles(viewer)
        lives.append([seen for seen in trace.observations if isinstance(seen, Exchange)])
    return lives[0], lives[1]


def numbered(exchanges: list[Exchange], first: int) -> list[Exchange]:
    return [msgspec.structs.replace(one, id=first + at) for at, one in enumerate(exchanges)]


def verdict(folder: Path, *lines: Exchange | SpaceReset) -> str:
    trace = folder / "trace.jsonl"
    trace.write_bytes(b"".join(msgspec.json.encode(line) + b"\n" for line in lines))
    return str(audit(trace).rule(REUSED)["verdict"])


@pytest.mark.parametrize(("space", "expected"), [("default", "passed"), ("other", "violated"), (None, "violated")])
def test_a_service_may_register_again_after_a_reset_of_the_mock(
    tmp_path: Path, space: str | None, expected: str
) -> None:
    first, second = started_twice()
    reset = [SpaceReset(reset_space=space, at=0, wall=150.0)] if space else []

    assert verdict(tmp_path, *first, *reset, *numbered(second, 5)) == expected


def test_a_request_that_was_in_progress_at_the_reset_belongs_to_the_time_before(tmp_path: Path) -> None:
    first, second = started_twice()
    reset = SpaceReset(reset_space="default", at=0, wall=150.0)

    assert verdict(tmp_path, *first[:-1], reset, first[-1], *numbered(second, 5)) == "passed"


def test_a_service_may_register_again_at_a_mock_that_was_started_again(tmp_path: Path) -> None:
    first, second = started_twice()

    assert verdict(tmp_path, *first, *numbered(second, 1)) == "passed"


def test_a_service_that_registers_twice_in_one_life_is_found(tmp_path: Path) -> None:
    first, second = started_twice()
    reset = SpaceReset(reset_space="default", at=0, wall=50.0)

    assert verdict(tmp_path, reset, *first, *numbered(second, 5)) == "violated"


@pytest.mark.parametrize("reset", [True, False])
def test_a_watch_knows_nothing_from_before_a_reset(*, reset: bool) -> None:
    first, second = started_twice()
    watched = watching()
    for exchange in first:
        watched.add(exchange)
    watched.life += reset
    for exchange in numbered(second, 5):
        watched.add(exchange)
    watched.end()

    (found,) = (result for result in watched.judge.conclude() if result.card.id == REUSED)
    assert found.verdict is (Verdict.PASSED if reset else Verdict.VIOLATED)


def test_lives_are_told_apart_by_space_and_time() -> None:
    lives = Lives()
    lives.begin("default", 150.0)
    first, second = started_twice()
    elsewhere = msgspec.structs.replace(second[0], space="other")

    assert [lives.told_apart(one).space for one in (first[0], second[0], elsewhere)] == [
        "default",
        "default 2",
        "other",
    ]
