"""Simultaneous requests to several processes on one Redis get no more of a TempPass than one trial allows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle
from threading import Barrier
from typing import Any, NamedTuple

import pytest

from pass_harness.conformance.running.child_processes import Child
from tests.mock_server.conftest import device_headers
from tests.mock_server.mock_on_redis import SERVE, At
from tests.mock_server.redis_server import RedisServer
from tests.mock_server.test_temppass import BASIC, PROMOTIONAL, TITLES, identity

pytestmark = pytest.mark.slow
REQUESTS = 24
"""Requests that are sent at the same time."""
ROUNDS = 3


class Play(NamedTuple):
    """A request to play: device, identity and resource."""

    device: str
    identity: str
    resource: str


@pytest.fixture(scope="module")
def mocks(redis_server: RedisServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[At, At]]:
    """Yield two mocks of two workers each: four processes on one Redis."""
    command = (*SERVE, "--store", redis_server.fresh(), "--workers=2", "--no-throttle", "--no-rules")
    folder = tmp_path_factory.mktemp("temppass")
    with (
        Child("one", command, ready="/_mock/health", folder=folder) as one,
        Child("other", command, ready="/_mock/health", folder=folder) as other,
    ):
        yield At(one.url), At(other.url)


class Crowd:
    """Viewers of one space, whose requests go to all processes."""

    def __init__(self, mocks: Sequence[At], space: str) -> None:
        self._mocks = [mock.space(space) for mock in mocks]
        self._token = self._mocks[0].signed_on()

    def headers(self, device: str, hash_: str) -> dict[str, str]:
        return {**self._token, **device_headers(device), **identity(hash_)}

    def play_at_once(self, mvpd: str, plays: Sequence[Play]) -> list[dict[str, Any]]:
        """Return the decisions on requests that are sent at the same time."""
        start = Barrier(len(plays))

        def one(play: Play, mock: At) -> dict[str, Any]:
            start.wait(30)
            path = f"/api/v2/REF30/decisions/authorize/{mvpd}"
            headers, body = self.headers(play.device, play.identity), {"resources": [play.resource]}
            decision: dict[str, Any] = mock.answer_of("POST", path, headers=headers, json=body)["decisions"][0]
            return decision

        with ThreadPoolExecutor(len(plays)) as pool:
            return [*pool.map(one, plays, cycle(self._mocks))]

    def remaining(self, device: str, hash_: str) -> int:
        answer = self._mocks[0].ask(
            "GET", f"/api/v2/REF30/profiles/{PROMOTIONAL}", headers=self.headers(device, hash_)
        )
        if answer.status_code == 403:
            return 0
        return int(answer.json()["profiles"][PROMOTIONAL]["attributes"]["remaining_resources"]["value"])


def permitted(decisions: Sequence[Mapping[str, Any]]) -> list[str]:
    return [str(decision["resource"]) for decision in decisions if decision["authorized"]]


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_an_identity_on_many_devices_has_the_titles_of_one_trial(mocks: tuple[At, At], round_: int) -> None:
    crowd = Crowd(mocks, f"identity-{round_}")
    decisions = crowd.play_at_once(PROMOTIONAL, [Play(f"device-{n % 6}", "h", f"r{n}") for n in range(REQUESTS)])
    assert 1 <= len(permitted(decisions)) <= TITLES
    later = crowd.play_at_once(PROMOTIONAL, [Play(f"device-{n % 6}", "h", f"more-{n}") for n in range(REQUESTS)])
    assert len(permitted(decisions)) + len(permitted(later)) <= TITLES
    denials = {decision["error"]["code"] for decision in (*decisions, *later) if not decision["authorized"]}
    assert denials == {"temporary_access_resources_limit_exceeded"}
    assert crowd.remaining("another device", "h") == 0


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_a_device_with_many_identities_has_the_titles_of_one_trial(mocks: tuple[At, At], round_: int) -> None:
    crowd = Crowd(mocks, f"device-{round_}")
    decisions = crowd.play_at_once(PROMOTIONAL, [Play("device", f"h{n % 6}", f"r{n}") for n in range(REQUESTS)])
    assert 1 <= len(permitted(decisions)) <= TITLES
    assert crowd.remaining("device", "h0") == 0


def test_requests_for_one_title_use_one_title(mocks: tuple[At, At]) -> None:
    crowd = Crowd(mocks, "title")
    decisions = crowd.play_at_once(PROMOTIONAL, [Play("device", "h", "r")] * REQUESTS)
    assert permitted(decisions) == ["r"] * REQUESTS
    assert len({decision["notAfter"] for decision in decisions}) == 1
    assert crowd.remaining("device", "h") == TITLES - 1


def test_a_device_begins_one_trial_of_a_basic_temppass(mocks: tuple[At, At]) -> None:
    crowd = Crowd(mocks, "basic")
    decisions = [
        decision
        for _ in range(ROUNDS)
        for decision in crowd.play_at_once(BASIC, [Play("device", "", f"r{n}") for n in range(REQUESTS)])
    ]
    assert len(permitted(decisions)) == ROUNDS * REQUESTS
    assert len({decision["notAfter"] for decision in decisions}) == 1
