"""The restart command: the suite runs it, and its failure is evidence."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer, SimpleHTTPRequestHandler
from pathlib import Path

import pytest

from pass_harness.conformance.drivers.restart import ShellRepoint, ShellRestart, answers

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


def test_a_service_that_the_command_leaves_in_the_background_may_keep_its_output(server: str, tmp_path: Path) -> None:
    """``./service &`` without a redirection: the service writes to the stdout of the command while it runs."""
    pid = tmp_path / "pid"
    command = f"(while sleep 0.1; do echo alive; done) & echo $! > {pid}"
    began = time.monotonic()
    assert asyncio.run(ShellRestart(command, server, timeout_s=5)()) is None
    assert time.monotonic() - began < 4
    os.kill(int(pid.read_text("utf-8")), signal.SIGTERM)  # it still runs


class Starting(BaseHTTPRequestHandler):
    """A service that answers 503 a few times before it is up."""

    left = 0

    def do_GET(self) -> None:
        type(self).left -= 1
        self.send_response(503 if self.left >= 0 else 404)
        self.end_headers()

    def log_message(self, *args: object) -> None:
        pass


@pytest.mark.parametrize(("refusals", "timeout_s", "left"), [(4, 20, -1), (1000, 0.5, None)])
def test_a_service_that_answers_503_is_still_starting(refusals: int, timeout_s: float, left: int | None) -> None:
    with HTTPServer(("127.0.0.1", 0), Starting) as httpd:
        Starting.left = refusals
        thread = threading.Thread(target=httpd.serve_forever)
        thread.start()
        try:
            assert asyncio.run(answers(f"http://127.0.0.1:{httpd.server_port}", timeout_s))
        finally:
            httpd.shutdown()
            thread.join()
    assert Starting.left == left or left is None


def test_a_service_that_hangs_is_awaited_no_longer_than_one_that_refuses() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        began = time.monotonic()
        assert not asyncio.run(answers(f"http://127.0.0.1:{listener.getsockname()[1]}", 0.5))
    assert time.monotonic() - began < 10
