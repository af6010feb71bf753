"""The restart command: the suite runs it, and its failure is evidence."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from http.server import HTTPServer, SimpleHTTPRequestHandler
from pathlib import Path

import pytest

from pass_harness.conformance.drivers.restart import ShellRepoint, ShellRestart

pytestmark = pytest.mark.slow


@pytest.fixture
def server() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), SimpleHTTPRequestHandler) as httpd:
        thread = threading.Thread(target=httpd.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{httpd.server_port}"
        httpd.shutdown()
        thread.join()


def test_a_restart_is_complete_when_the_service_answers(server: str) -> None:
    assert asyncio.run(ShellRestart("true", server)()) is None


def test_a_command_that_fails_shows_its_output(server: str) -> None:
    assert asyncio.run(ShellRestart("echo no such container >&2; exit 3", server)()) == (
        '"echo no such container >&2; exit 3" ended with exit code 3: no such container'
    )


def test_a_command_that_hangs_is_ended(server: str) -> None:
    failure = asyncio.run(ShellRestart("sleep 60", server, timeout_s=0.2)())
    assert failure == '"sleep 60" did not end within 0.2 s'


def test_repoint_passes_the_other_address_and_then_the_mocks(server: str, tmp_path: Path) -> None:
    said = tmp_path / "said.txt"
    repoint = ShellRepoint(f"echo {{adobe_url}} >> {said}", server, original_url="http://127.0.0.1:8300/~mine")
    for address in ("https://127.0.0.1:9/a b;exit 1", None):
        assert asyncio.run(repoint(address)) is None
    assert said.read_text("utf-8").splitlines() == ["https://127.0.0.1:9/a b;exit 1", "http://127.0.0.1:8300/~mine"]


def test_a_repoint_that_fails_shows_its_output(server: str) -> None:
    failure = asyncio.run(
        ShellRepoint("echo cannot use {adobe_url}; exit 4", server, original_url="home")("https://x.example")
    )
    assert (
        failure == '"echo cannot use https://x.example; exit 4" ended with exit code 4: cannot use https://x.example'
    )
