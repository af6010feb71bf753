"""The first look at a service or a mock: bounded in time and size, whatever answers there."""

from __future__ import annotations

import asyncio
import gzip
import resource
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from pass_harness.conformance.cli.main import main
from pass_harness.conformance.drivers.first_look import NoAnswer, look
from pass_harness.conformance.drivers.http_verbs import HttpAnswer, VerbError, normalized_returns, read
from pass_harness.conformance.running.doctor import check_mock_answers
from pass_harness.conformance.service_toml.service_config import States, load
from pass_harness.mock_server.cli.main import main as pass_mock
from pass_harness.mock_server.client.async_client import ControlClient
from pass_harness.mock_server.client.urls import url_error

HEAD = b"HTTP/1.1 200 OK\r\nDate: Mon, 01 Jan 2024 00:00:00 GMT\r\n"
CHUNK = b"10000\r\n" + b"x" * 65_536 + b"\r\n"
BOMB = gzip.compress(bytes(64 * 1_048_576))


def endless(connection: socket.socket) -> None:
    connection.sendall(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
    while True:
        connection.sendall(CHUNK)


def gzip_bomb(connection: socket.socket) -> None:
    connection.sendall(HEAD + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(BOMB) + BOMB)


def bad_gzip(connection: socket.socket) -> None:
    connection.sendall(HEAD + b"Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope")


def deep_json(connection: socket.socket) -> None:
    body = b"[" * 30_000
    connection.sendall(HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body)


def slow_body(connection: socket.socket) -> None:
    connection.sendall(HEAD + b"Content-Length: 1000\r\n\r\n")
    while True:
        connection.sendall(b"x")
        time.sleep(0.05)


def slow_head(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    while True:
        connection.sendall(b"x")
        time.sleep(0.05)


def huge_head(connection: socket.socket) -> None:
    connection.sendall(HEAD + b"X-Huge: " + b"x" * 4_000_000 + b"\r\n\r\n")


def no_http(connection: socket.socket) -> None:
    connection.sendall(b"\x15\x03\x01\x00\x02\x02\x28\r\n\r\n")


Script = Callable[[socket.socket], None]
ANSWERS: list[Script] = [endless, gzip_bomb, bad_gzip, deep_json, slow_body]
"""Scripts with a proper head."""
NO_ANSWERS: list[Script] = [slow_head, huge_head, no_http]


@contextmanager
def scripted(script: Script) -> Iterator[str]:
    """Run a server that answers every request by the script; yield its URL."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                with connection, suppress(OSError):
                    connection.recv(65_536)
                    script(connection)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


@pytest.mark.parametrize("script", ANSWERS)
def test_a_service_answers_whatever_its_body_is(script: Script) -> None:
    before = peak_mib()
    with scripted(script) as url:
        assert asyncio.run(look(url, 20)).headers["date"] == "Mon, 01 Jan 2024 00:00:00 GMT"
    assert peak_mib() - before < 32


@pytest.mark.parametrize("script", NO_ANSWERS)
def test_an_endless_or_invalid_head_is_no_answer(script: Script) -> None:
    began = time.monotonic()
    with scripted(script) as url, pytest.raises(NoAnswer):
        asyncio.run(look(url, 1.0))
    assert time.monotonic() - began < 15


@pytest.mark.parametrize("script", [endless, gzip_bomb, bad_gzip, deep_json, huge_head, no_http])
def test_another_server_than_a_mock_is_named_in_bounded_memory(script: Script) -> None:
    async def checked(url: str) -> str:
        async with ControlClient(url) as control:
            return str(await check_mock_answers(control))

    before = peak_mib()
    with scripted(script) as url:
        assert f"no mock answers at {url}" in asyncio.run(checked(url))
        result = CliRunner().invoke(pass_mock, ["health", "--mock", url])
    assert (result.exit_code, "not healthy" in result.output) == (1, True)
    assert peak_mib() - before < 32


BAD_URLS = {
    "http://127.0.0.1:99999": "the port must be a number from 1 to 65535",
    "http://127.0.0.1:99999999999999999999": "the port must be a number from 1 to 65535",
    "http://127.0.0.1:0": "the port must be a number from 1 to 65535",
    "http://[::1": "Invalid port",
    "http://a..b": "label empty or too long",
    "ftp://127.0.0.1": "write https://HOST, or http://HOST:PORT",
    "127.0.0.1:8300": "write https://HOST, or http://HOST:PORT",
    f"http://127.0.0.1/{'a' * 70_000}": "URL too long",
}


@pytest.mark.parametrize("url", BAD_URLS, ids=[url[:40] for url in BAD_URLS])
def test_an_unusable_url_is_exit_code_2_with_the_reason(url: str, tmp_path: Path) -> None:
    assert BAD_URLS[url] in str(url_error(url))
    file, drafted = tmp_path / "service.toml", tmp_path / "drafted.toml"
    file.write_text(f'[service]\nbase_url = "{url}"\n[verbs.start]\nrequest = "POST /start"\n')
    for arguments in (
        ["doctor", "--service", str(file)],
        ["run", "--observe", "--mock", url],
        ["init", "--driver", "python", "--base-url", url, "--output", str(drafted)],
    ):
        result = CliRunner().invoke(main, arguments)
        assert (result.exit_code, BAD_URLS[url] in result.output) == (2, True), result.output[:300]
        assert len(result.output) < 600
    assert not drafted.exists()
    assert CliRunner().invoke(pass_mock, ["health", "--mock", url]).exit_code == 2


def test_usual_urls_are_accepted() -> None:
    for url in (
        "http://127.0.0.1:8300/~run",
        "https://user:p@host.example",
        "http://[::1]:1",
        "http://é.example:65535",
    ):
        assert url_error(url) is None


@pytest.mark.parametrize(("name", "characters"), [("code", 70_000), ("url", 70_000)])
def test_an_oversized_return_is_a_failure_of_the_verb(name: str, characters: int) -> None:
    with pytest.raises(VerbError, match=f"the return {name} has more than"):
        normalized_returns(States(), {name: "x" * characters})


def test_deep_json_is_a_failure_of_the_verb(tmp_path: Path) -> None:
    file = tmp_path / "service.toml"
    login = '[verbs.login]\nrequest = "POST /login"\n[verbs.login.returns]\ncode = "$..code"\nurl = "$..url"\n'
    file.write_text(f'[service]\nbase_url = "http://127.0.0.1:1"\n{login}')
    config = load(file)
    for depth in (100, 500, 900, 30_000):
        with pytest.raises(VerbError):
            read(config, "login", HttpAnswer(status=200, headers={}, body=b"[" * depth + b"]" * depth))


HUGE = b'{"openapi": "3.0.0", "paths": {}, "x": "' + b"x" * (17 * 1_048_576) + b'"}'
DOCUMENTS = {
    "deep.json": b'{"openapi": "3.0.0", "paths": ' + b'{"a":' * 30_000 + b"}" * 30_000,
    "deep.yaml": b"openapi: 3.0.0\npaths: " + b"[" * 3_000,
    "huge.json": HUGE,
    "port.json": b'{"openapi": "3.0.0", "paths": {}, "servers": [{"url": "http://[::1"}]}',
    "deep_schema.json": msgspec.json.encode({"openapi": "3.0.0", "paths": {}})[:-1]
    + b',"components":{"schemas":{"a":'
    + b'{"items":' * 900
    + b"true"
    + b"}" * 900
    + b"}}}",
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_hostile_openapi_document_is_exit_code_2(name: str, tmp_path: Path) -> None:
    file, output = tmp_path / name, tmp_path / "service.toml"
    file.write_bytes(DOCUMENTS[name])
    result = CliRunner().invoke(main, ["init", "--openapi", str(file), "--output", str(output)])
    assert (result.exit_code, result.output.startswith(f"CONFIG: {file}: ")) == (2, True), result.output[:300]
    assert not output.exists()


def test_a_file_that_does_not_fit_on_the_disk_leaves_the_earlier_one(tmp_path: Path) -> None:
    output = tmp_path / "service.toml"
    arguments = ["init", "--driver", "command", "--output", str(output), "--force"]
    assert CliRunner().invoke(main, arguments).exit_code == 0
    before = {file: file.read_bytes() for file in tmp_path.iterdir()}
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
    try:
        result = CliRunner().invoke(main, arguments)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert (result.exit_code, "cannot be written (File too large)" in result.output) == (2, True)
    assert {file: file.read_bytes() for file in tmp_path.iterdir()} == before
