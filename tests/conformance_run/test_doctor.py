"""The doctor says what is wrong with service, mock and mapping, and how to mend it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from conformance import example
from conformance.doctor import Diagnosis, consult
from conformance.service_config import ServiceConfig, load
from mock_server.control_client import ControlClient

TOML = """
[service]
base_url = "{url}"
[verbs.start]
request = "POST /start"
"""


class Answering(BaseHTTPRequestHandler):
    """A service that is well and does nothing, an hour slow."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    do_POST = do_GET  # noqa: N815 - the name is http.server's

    def date_time_string(self, timestamp: float | None = None) -> str:
        return "Mon, 01 Jan 2024 00:00:00 GMT"

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def idle_service() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Answering) as httpd:
        thread = threading.Thread(target=httpd.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{httpd.server_port}"
        httpd.shutdown()
        thread.join()


def config(folder: Path, url: str) -> ServiceConfig:
    path = folder / "service.toml"
    path.write_text(TOML.replace("{url}", url), "utf-8")
    return load(path)


def examined(config: ServiceConfig, mock_url: str) -> tuple[list[Diagnosis], dict[str, str]]:
    return asyncio.run(consult(config, mock_url, seed=1))


def test_the_example_service_is_well(mock_url: str, tmp_path: Path) -> None:
    space = f"{mock_url}/~well"
    with example.programmer_service(tmp_path, space) as service:
        found, untestable = examined(example.service_toml(service.url), space)
    assert found == []
    assert set(untestable.values()) <= {"verb restart"}  # its service.toml leaves that open


def test_rules_whose_verbs_are_not_mapped_are_named(mock_url: str, tmp_path: Path) -> None:
    space = f"{mock_url}/~lacking"
    with example.programmer_service(tmp_path, space) as service:
        whole = example.service_toml(service.url)
        del whole.verbs["providers"]
        _, untestable = examined(whole, space)
    assert untestable["configuration.cached"] == "verb providers"


def test_a_mock_that_is_not_there_is_named(tmp_path: Path) -> None:
    nowhere = f"http://127.0.0.1:{example.free_port()}"
    found, _ = examined(config(tmp_path, "http://127.0.0.1:9"), nowhere)
    assert [str(one.blame) for one in found] == ["CONFIG"]
    assert f"no mock answers at {nowhere}" in found[0].what
    assert "pass-mock serve" in found[0].remedy


def test_a_service_that_is_not_there_is_named(mock_url: str, tmp_path: Path) -> None:
    nowhere = f"http://127.0.0.1:{example.free_port()}"
    found, _ = examined(config(tmp_path, nowhere), mock_url)
    assert [(one.fatal, str(one.blame)) for one in found] == [(True, "CONFIG")]
    assert f"no service answers at {nowhere}" in found[0].what


def test_a_service_that_never_calls_the_mock_is_told_where_the_mock_is(
    mock_url: str, tmp_path: Path, idle_service: str
) -> None:
    found, _ = examined(config(tmp_path, idle_service), f"{mock_url}/~silent")
    skewed, unreached = found
    assert "clock" in skewed.what
    assert not skewed.fatal
    assert "no request of it reached the mock" in unreached.what
    assert f"{mock_url}/~silent" in unreached.what
    assert unreached.fatal


def test_a_verb_that_fails_shows_the_service_s_answer(mock_url: str, tmp_path: Path) -> None:
    space = f"{mock_url}/~unmapped"
    with example.programmer_service(tmp_path, space) as service:
        found, _ = examined(config(tmp_path, service.url), space)
    assert "the verb start failed: the service answered 404" in found[0].what


def test_requests_that_the_mock_refuses_are_shown(mock_url: str, tmp_path: Path) -> None:
    space = f"{mock_url}/~refusing"

    async def refuse() -> None:
        async with ControlClient(space) as control:
            await control.add_behaviour({"error": "invalid_parameter_service_provider"}, {"endpoint": "profiles"})

    with example.programmer_service(tmp_path, space) as service:
        asyncio.run(refuse())
        found, _ = examined(example.service_toml(service.url), space)
    refused = [one for one in found if str(one.blame) == "SERVICE"]
    assert refused
    assert "was answered 400" in refused[0].what


def test_a_space_whose_clock_was_moved_is_refused(mock_url: str, tmp_path: Path) -> None:
    space = f"{mock_url}/~ahead"

    async def advance() -> None:
        async with ControlClient(space) as control:
            await control.advance("30m")

    asyncio.run(advance())
    found, _ = examined(config(tmp_path, "http://127.0.0.1:9"), space)
    assert "+1800 s off" in found[0].what
