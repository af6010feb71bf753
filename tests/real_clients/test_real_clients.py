"""HTTP clients of many languages carry out a whole login, with the mock and through the proxy."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest

from tests.real_clients.clients import CLIENTS, UPGRADING
from tests.real_clients.conftest import Place, control
from tests.real_clients.login import ENDPOINTS, VIEWER, log_in_and_out

pytestmark = pytest.mark.slow


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
