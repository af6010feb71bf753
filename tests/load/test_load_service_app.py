"""The app of a viewer that calls a service: the verbs before a verb, and kept values."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pass_harness.conformance.drivers.driver import Request
from pass_harness.conformance.drivers.http_verbs import HttpAnswer, HttpRequest, VerbError
from pass_harness.conformance.service_toml.service_config import load
from pass_harness.fixtures.devices import new_devices
from pass_harness.load.generator.app import ServiceApp
from pass_harness.mock_server.journal.masking import mask

DEVICE = next(new_devices(seed=3))

TOML = """
[service]
base_url = "http://service.test"
[verbs.register]
request = "POST /devices"
keeps = { device_token = "header:X-Token" }
[verbs.status]
request = "GET /status"
headers = { Authorization = "Bearer {kept.device_token}" }
returns = { state = "$.state", attributes = "$.attributes" }
"""


class Client:
    """An HTTP client whose responses come from a function."""

    def __init__(self, answer: Callable[[str], HttpAnswer]) -> None:
        self.sent: list[tuple[str, str | None]] = []
        self._answer = answer

    def exchange(self, request: HttpRequest, *, name: str, due: float, read: Callable[[HttpAnswer], Any]) -> Any:  # noqa: ANN401
        self.sent.append((name, request.headers.get("Authorization")))
        return read(self._answer(name))


def ask(folder: Path, client: Client, times: int) -> dict[str, Any]:
    file = folder / "service.toml"
    file.write_text(TOML, "utf-8")
    app = ServiceApp(load(file), client)  # type: ignore[arg-type]
    request = Request(verb="status", device=DEVICE, scenario="test", arguments={}, context={})
    return [app.ask(request, 0.0) for _ in range(times)][-1]


def test_a_viewer_registers_its_device_once(tmp_path: Path) -> None:
    def answer(verb: str) -> HttpAnswer:
        body = json.dumps({"state": "pending", "attributes": {"echo": "token-1"}}).encode()
        return HttpAnswer(status=200, headers={"X-Token": "token-1"}, body=body)

    client = Client(answer)
    returned = ask(tmp_path, client, 2)
    assert client.sent == [("register", None), ("status", "Bearer token-1"), ("status", "Bearer token-1")]
    assert returned == {"state": "pending", "attributes": {"echo": mask("token-1")}}


def test_a_failed_registration_is_the_reason_of_the_verb_s_failure(tmp_path: Path) -> None:
    client = Client(lambda verb: HttpAnswer(status=503, headers={}, body=b"busy"))
    with pytest.raises(VerbError, match="the verb register, which keeps it, failed: the service answered 503: busy"):
        ask(tmp_path, client, 1)
    assert client.sent == [("register", None)]
