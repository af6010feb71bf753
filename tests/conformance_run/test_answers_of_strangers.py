"""Answers of services that nobody here wrote: redirects, streams, later results, other types, cookies of browsers."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
from test_http_driver import unread

from pass_harness.conformance.drivers.driver import Request
from pass_harness.conformance.drivers.http_driver import MOST_REDIRECTS, HttpDriver
from pass_harness.conformance.facts.actions import is_unreadable, service_failed
from pass_harness.conformance.observation import VerbCall
from pass_harness.conformance.service_toml.service_config import load
from pass_harness.fixtures.devices import new_devices

DEVICE = next(new_devices(seed=8))
RESOURCES = ["a", "b"]
SERVICE = """
[service]
base_url = "http://service.test/api/v1/"
headers = { "X-Forwarded-For" = "{device.ip}" }
[verbs.start]
request = "GET /start?tenant=a%20b"
[verbs.login]
request = "POST /login"
json = { mvpd = "{mvpd}" }
returns = { code = "$.code", url = "$.url", state = "$.state" }
[verbs.preauthorize]
request = "POST /check"
json = "{resources}"
returns = { permitted = "$.permitted", denied = "$.denied" }
[verbs.play]
request = "POST /play"
json = { resource = "{resource}" }
returns = { allowed = "$.allowed" }
[verbs.logout]
request = "POST /logout"
returns = { url = "$.url" }
accept = [303]
"""

Answers = Callable[[httpx.Request], httpx.Response]


def ask(folder: Path, answers: Answers | None, *verbs: str, toml: str = SERVICE, url: str = "") -> list[VerbCall]:
    """Ask verbs of one device of a service whose answers come from a function, or from its address."""
    file = folder / "service.toml"
    file.write_text(toml.replace("http://service.test", url or "http://service.test"), "utf-8")
    context = {"mvpd": "Dish", "resources": RESOURCES, "resource": "a"}

    async def all_of_them() -> list[VerbCall]:
        transport = httpx.MockTransport(lambda asked: unread(answers(asked))) if answers else None
        driver = HttpDriver(load(file), now_s=lambda: 0.0, transport=transport)
        calls = [
            await driver.ask(Request(verb=verb, device=DEVICE, scenario="test", arguments={}, context=context))
            for verb in verbs
        ]
        await driver.close()
        return calls

    return asyncio.run(all_of_them())


@pytest.mark.parametrize(("status", "method"), [(302, "GET"), (303, "GET"), (307, "POST"), (308, "POST")])
def test_a_redirect_within_the_service_is_followed(tmp_path: Path, status: int, method: str) -> None:
    seen: list[httpx.Request] = []

    def answers(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        if request.url.path == "/api/v1/play":
            headers = {"location": "/api/v2/plays", "set-cookie": "moved=yes; Path=/"}
            return httpx.Response(status, headers=headers)
        return httpx.Response(200, json={"allowed": True})

    call = ask(tmp_path, answers, "play")[0]
    assert (call.failure, call.returns, call.status) == (None, {"allowed": True}, 200)
    assert [request.method for request in seen] == ["POST", method]
    assert (seen[1].url.path, seen[1].headers["x-forwarded-for"]) == ("/api/v2/plays", DEVICE.ip)
    assert (seen[1].headers["cookie"], seen[1].content) == ("moved=yes", seen[0].content if method == "POST" else b"")


@pytest.mark.parametrize(
    "place", ["https://service.test/api/v1/play", "http://service.test:8080/play", "http://adobe.test/login"]
)
def test_a_redirect_to_another_origin_is_named_and_not_followed(tmp_path: Path, place: str) -> None:
    seen: list[httpx.Request] = []

    def answers(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(302, headers={"location": place})

    call = ask(tmp_path, answers, "play")[0]
    assert call.failure == f"the service answered 302 with a redirect to {place}: an empty body"
    assert (len(seen), call.status, service_failed(call), is_unreadable(call)) == (1, 302, False, True)


def test_a_redirect_in_circles_ends(tmp_path: Path) -> None:
    seen: list[httpx.Request] = []

    def answers(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(307, headers={"location": "/api/v1/play"})

    assert str(ask(tmp_path, answers, "play")[0].failure).startswith("the service answered 307 with a redirect to ")
    assert len(seen) == MOST_REDIRECTS + 1


def test_an_accepted_redirect_is_the_answer(tmp_path: Path) -> None:
    def answers(request: httpx.Request) -> httpx.Response:
        assert request.url.path == "/api/v1/logout"
        return httpx.Response(303, headers={"location": "/"}, json={"url": "https://tv.example/logout"})

    call = ask(tmp_path, answers, "logout")[0]
    assert (call.failure, call.returns, call.status) == (None, {"url": "https://tv.example/logout"}, 303)


def test_a_stream_of_events_is_an_error_at_once(tmp_path: Path) -> None:
    async def forever() -> None:
        await asyncio.sleep(3600)

    class Events(httpx.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            await forever()
            yield b""

    def answers(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers={"content-type": "text/event-stream;charset=utf-8"}, stream=Events())

    call = ask(tmp_path, answers, "play")[0]
    assert "the answer is a stream of events (text/event-stream)" in str(call.failure)
    assert "write a driver" in str(call.failure)
    assert (call.status, service_failed(call)) == (200, False)


@pytest.mark.parametrize(
    ("verb", "content", "later"),
    [
        ("login", {"job": "/jobs/1"}, True),
        ("login", None, True),
        ("login", {"code": "ABCDEFG"}, False),
        ("login", {"state": "authenticated"}, False),
        ("preauthorize", {"job": "/jobs/1"}, True),
        ("preauthorize", {"permitted": [], "denied": ["a"]}, False),
        ("play", {"allowed": False}, False),
        ("logout", None, False),
    ],
)
def test_a_result_that_comes_later_is_no_answer_that_lacks_it(
    tmp_path: Path, verb: str, content: object, *, later: bool
) -> None:
    response = httpx.Response(202, headers={"location": "/jobs/1"}, json=content)
    call = ask(tmp_path, lambda _: response, verb)[0]
    assert (call.failure is not None, call.lacks) == (later, ())
    if later:
        assert "the service answered 202 (accepted) without " in str(call.failure)
        assert is_unreadable(call)


@pytest.mark.parametrize(
    ("verb", "content", "sentence"),
    [
        ("play", {"allowed": "PERMIT"}, 'the return allowed at $.allowed must be true or false, not "PERMIT"'),
        ("play", {"allowed": 1}, "the return allowed at $.allowed must be true or false, not 1"),
        ("play", {"allowed": "token" * 20}, 'must be true or false, not "tokentokent…; correct its JSONPath'),
        ("login", {"code": {"value": "ABCDEFG"}}, 'code at $.code must be a text, not {"value":"ABCDEFG"}'),
        ("login", {"code": "ABCDEFG", "url": ["x"]}, 'url at $.url must be a text, not ["x"]'),
        ("preauthorize", {"permitted": [{"id": "a"}]}, 'permitted at $.permitted must be a list of ids, not [{"id"'),
        ("preauthorize", {"permitted": {"a": True}}, 'permitted at $.permitted must be a list of ids, not {"a":'),
        ("preauthorize", {"permitted": "a,b"}, 'permitted at $.permitted must be a list of ids, not "a,b"'),
        ("preauthorize", {"permitted": [1, 2]}, "permitted at $.permitted must be a list of ids, not [1,2]"),
        ("preauthorize", {"permitted": [], "denied": [{}]}, "denied at $.denied must be a list of ids, not [{}]"),
    ],
)
def test_a_return_of_another_type_is_an_error_with_its_place(
    tmp_path: Path, verb: str, content: object, sentence: str
) -> None:
    call = ask(tmp_path, lambda _: httpx.Response(200, json=content), verb)[0]
    assert sentence in str(call.failure)
    assert f"[verbs.{verb}] of {tmp_path / 'service.toml'}, or write a driver" in str(call.failure)
    assert (call.returns, call.lacks, is_unreadable(call)) == ({}, (), True)


@pytest.mark.parametrize("content", [{"permitted": None}, {"denied": ["a"]}, {"permitted": []}])
def test_a_list_that_is_empty_or_left_out_is_empty(tmp_path: Path, content: object) -> None:
    call = ask(tmp_path, lambda _: httpx.Response(200, json=content), "preauthorize")[0]
    assert (call.failure, call.returns["permitted"]) == (None, [])


@pytest.mark.parametrize(("body", "allowed"), [("true", True), (" false\n", False)])
def test_the_root_may_be_the_value_itself(tmp_path: Path, body: str, *, allowed: bool) -> None:
    toml = SERVICE.replace('"$.allowed"', '"$"')
    call = ask(tmp_path, lambda _: httpx.Response(200, text=body), "play", toml=toml)[0]
    assert (call.failure, call.returns) == (None, {"allowed": allowed})


@pytest.mark.parametrize(
    ("url", "cookie"),
    [
        ("http://service.test", "__Host-sid=a=b; Path=/; Secure; HttpOnly; SameSite=Strict; Partitioned"),
        ("http://service.test", "sid=a=b; Path=/api; Max-Age=60; Expires=Wed, 09 Jun 2021 10:18:14 GMT"),
        ("http://127.0.0.1:9000", "sid=a=b; Domain=127.0.0.1"),
        ("http://localhost:9000", "sid=a=b; Domain=localhost; Path=/"),
        ("http://[::1]:9000", "sid=a=b"),
        ("http://api.service.test", "sid=a=b; Domain=service.test; Path=/; Version=1"),
    ],
)
def test_cookies_are_kept_as_a_browser_keeps_them(tmp_path: Path, url: str, cookie: str) -> None:
    seen: list[httpx.Request] = []

    def answers(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, headers={"set-cookie": cookie}, json={"allowed": True})

    ask(tmp_path, answers, "start", "play", url=url)
    assert seen[1].headers.get("cookie") == cookie.partition(";")[0]


def test_a_header_of_a_verb_replaces_that_of_all_verbs_whatever_its_case(tmp_path: Path) -> None:
    seen: list[httpx.Request] = []

    def answers(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(204)

    stop = '[verbs.stop]\nrequest = "POST /stop"\n'
    stop += 'headers = { x-forwarded-for = "10.0.0.1", X-Code = "is {code}" }\n'
    assert ask(tmp_path, answers, "stop", toml=SERVICE + stop)[0].failure is None
    sent = [(name, value) for name, value in seen[0].headers.multi_items() if name.startswith("x-")]
    assert sent == [("x-forwarded-for", "10.0.0.1"), ("x-code", "is")]


def test_a_cookie_may_have_any_characters(tmp_path: Path) -> None:
    seen: list[httpx.Request] = []

    def answers(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(
            200, headers=[(b"set-cookie", "name=Jos\u00e9; Path=/".encode())], json={"allowed": True}
        )

    assert [call.failure for call in ask(tmp_path, answers, "start", "play")] == [None, None]
    assert (b"Cookie", "name=Jos\u00e9".encode()) in seen[1].headers.raw


def test_a_service_may_close_its_connections_after_each_answer(tmp_path: Path) -> None:
    """It closes without ``Connection: close``, while the next verb of the driver may be on its way already."""
    answer = b'HTTP/1.1 200 OK\r\nContent-Length: 16\r\n\r\n{"allowed":true}'
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                with connection, suppress(OSError):
                    connection.settimeout(0.05)
                    with suppress(TimeoutError):
                        while connection.recv(65_536):
                            pass
                    connection.sendall(answer)
                    time.sleep(0.05)

    threading.Thread(target=serve, daemon=True).start()
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    try:
        calls = ask(tmp_path, None, "play", "play", "play", url=url)
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
    assert [call.failure for call in calls] == [None] * 3
