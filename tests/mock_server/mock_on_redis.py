"""Calls to the processes of mocks on one Redis."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import httpx

from tests.mock_server.conftest import DEVICE_INFO

SERVE = ("-c", "from pass_harness.mock_server.cli.main import main; main()", "serve")
PROFILES = "/api/v2/REF30/profiles"


class At:
    """Calls to one mock process, each on its own connection, so that any worker can get it."""

    def __init__(self, url: str) -> None:
        self.url = url

    def ask(self, method: str, path: str, **rest: object) -> httpx.Response:
        return httpx.request(method, self.url + path, trust_env=False, timeout=20, **rest)  # type: ignore[arg-type]  # as httpx names them

    def answer_of(self, method: str, path: str, **rest: object) -> dict[str, Any]:
        answer = self.ask(method, path, **rest)
        assert answer.is_success, (path, answer.status_code, answer.text)
        body: dict[str, Any] = answer.json()
        return body

    def signed_on(self) -> dict[str, str]:
        statement = self.ask("GET", "/_mock/software-statement").text
        info = {"X-Device-Info": DEVICE_INFO}
        client = self.answer_of("POST", "/o/client/register", json={"software_statement": statement}, headers=info)
        form = {"client_id": client["client_id"], "client_secret": client["client_secret"]}
        form["grant_type"] = "client_credentials"
        token = self.answer_of("POST", "/o/client/token", data=form, headers=info)["access_token"]
        return {"Authorization": f"Bearer {token}"}

    def exchanges(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.answer_of("GET", "/_mock/exchanges?limit=10000")["exchanges"]
        return found

    def space(self, name: str) -> At:
        return At(f"{self.url}/~{name}")


def eventually(holds: Callable[[], bool], within: float = 20.0) -> bool:
    """Return whether a condition holds within so many seconds; a failed connection is asked again."""
    ends = time.monotonic() + within
    while time.monotonic() < ends:
        try:
            if holds():
                return True
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    return False
