"""A mock, and a proxy in front of another space of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import httpx
import pytest

from pass_harness.mock_server.testing import running_mock
from tests.mock_server.test_cli import serving


class Place(NamedTuple):
    """Base URLs: of Adobe Pass for the client, of the mock that answers, of the journal to read."""

    adobe: str
    mock: str
    journal: str


@pytest.fixture(scope="module")
def mock() -> Iterator[str]:
    with running_mock("--no-throttle") as address:
        yield address


@pytest.fixture(scope="module")
def proxy(mock: str) -> Iterator[str]:
    with serving("--upstream", f"{mock}/~behind", command="proxy") as (address, _):
        yield address


@pytest.fixture(params=["to the mock", "through the proxy"])
def place(request: pytest.FixtureRequest, mock: str) -> Place:
    if request.param == "to the mock":
        base = f"{mock}/~clients"
        place = Place(base, base, base)
    else:
        proxy = request.getfixturevalue("proxy")
        place = Place(proxy, f"{mock}/~behind", proxy)
    for base in {place.mock, place.journal}:
        control("POST", f"{base}/_mock/reset")
    return place


def control(method: str, url: str, content: object = None) -> httpx.Response:
    answer = httpx.request(method, url, json=content, trust_env=False, timeout=20)
    assert answer.is_success, answer.text
    return answer
