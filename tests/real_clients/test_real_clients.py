"""HTTP clients of many languages carry out a whole login, with the mock and through the proxy."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import urlencode

import httpx
import pytest

from pass_harness.mock_server.testing import running_mock
from tests.mock_server.test_cli import serving
from tests.real_clients.clients import CLIENTS, UPGRADING
from tests.real_clients.login import ENDPOINTS, VIEWER, log_in_and_out

pytestmark = pytest.mark.slow


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


@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunks"])
@pytest.mark.parametrize("name", CLIENTS)
def test_a_client_logs_in_and_out(name: str, chunked: bool, place: Place) -> None:
    def enter(code: str) -> None:
        control("POST", f"{place.mock}/_mock/sessions/{code}/login", {})

    statement = control("GET", f"{place.mock}/_mock/software-statement").text
    with CLIENTS[name](place.adobe, chunked) as send:
        log_in_and_out(send, place.adobe, statement, enter)
    for journal in (place.mock, place.journal):
        seen: list[dict[str, Any]] = control("GET", f"{journal}/_mock/exchanges").json()["exchanges"]
        assert [each["endpoint"] for each in seen] == ENDPOINTS
        assert seen[ENDPOINTS.index("sessions.resume")]["request_body"] == urlencode(VIEWER)
    # The client is the one that the case names: it sent what sets it apart.
    bodies = [each["request_headers"] for each in seen if each["method"] == "POST"]
    assert all(("transfer-encoding" in headers) == chunked for headers in bodies)
    offers = any("upgrade" in headers for headers in bodies)
    assert offers == (name in UPGRADING)
