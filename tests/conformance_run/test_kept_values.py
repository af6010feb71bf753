"""Kept values: a value that one verb returns is used by later verbs of the device, and is a secret."""

from __future__ import annotations

import asyncio
import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import httpx
import msgspec
import pytest

from pass_harness.conformance.drivers.driver import Request
from pass_harness.conformance.drivers.http_driver import HttpDriver
from pass_harness.conformance.errors import ConfigError
from pass_harness.conformance.observation import VerbCall
from pass_harness.conformance.registry import all_rules
from pass_harness.conformance.running import child_processes
from pass_harness.conformance.running.doctor import diagnose
from pass_harness.conformance.running.judged_run import judge_service
from pass_harness.conformance.scenarios.first_login_second_screen import FirstLoginSecondScreen
from pass_harness.conformance.scenarios.play_permitted import PlayPermitted
from pass_harness.conformance.service_toml.service_config import load
from pass_harness.fixtures.devices import Device, new_devices
from pass_harness.mock_server.journal.masking import mask

ONE, OTHER = (device for device, _ in zip(new_devices(seed=9), range(2), strict=False))
TOKEN = "Zz9-of-a-tv/4711"

SERVICE = """
[service]
base_url = "http://service.test"
[service.headers]
Authorization = "Bearer {kept.device_token}"
X-Session = "{kept.session?}"
[verbs.register]
request = "POST /devices"
keeps = { device_token = "$.token", zone = "header:X-Zone" }
[verbs.start]
request = "POST /zones/{kept.zone}/start"
returns = { state = "$.state" }
[verbs.login]
request = "POST /login"
json = { device = "{kept.device_token}", session = "{kept.session?}" }
returns = { code = "$.code", url = "$.url" }
keeps = { session = "$.session" }
[verbs.logout]
request = "POST /logout"
"""


def compliant(request: httpx.Request) -> httpx.Response:
    match request.url.path:
        case "/devices":
            return httpx.Response(201, json={"token": TOKEN, "hint": TOKEN}, headers={"x-zone": "eu 1"})
        case "/login":
            return httpx.Response(200, json={"code": "ABC", "url": f"http://x/?t={TOKEN}", "session": "sess-1"})
    return httpx.Response(200, json={"state": "pending"})


class App:
    """An app that sends verbs, those first that must come before, and notes the requests."""

    def __init__(self, folder: Path, toml: str, service: Callable[[httpx.Request], httpx.Response]) -> None:
        file = folder / "service.toml"
        file.write_text(toml, "utf-8")
        self.requests: list[httpx.Request] = []
        self._service = service
        self._driver = HttpDriver(load(file), now_s=lambda: 0.0, transport=httpx.MockTransport(self._answer))

    def send(self, *verbs: str, device: Device = ONE) -> list[VerbCall]:
        return asyncio.run(self._send(verbs, device))

    async def _send(self, verbs: tuple[str, ...], device: Device) -> list[VerbCall]:
        calls = []
        for verb in verbs:
            request = Request(verb=verb, device=device, scenario="test", arguments={}, context={})
            for earlier in self._driver.verbs_before(request):
                earlier_request = Request(verb=earlier, device=device, scenario="test", arguments={}, context={})
                calls.append(await self._driver.ask(earlier_request))
            calls.append(await self._driver.ask(request))
        return calls

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self._service(request)
        return httpx.Response(
            answer.status_code, headers=answer.headers, stream=httpx.ByteStream(answer.content), request=request
        )


def test_a_device_registers_once_and_uses_what_it_kept(tmp_path: Path) -> None:
    app = App(tmp_path, SERVICE, compliant)
    calls = app.send("start", "login", "start")
    assert [call.verb for call in calls] == ["register", "start", "login", "start"]
    assert [call.failure for call in calls] == [None] * 4
    registered, started, logged_in, again = app.requests
    assert "authorization" not in registered.headers
    assert str(started.url) == "http://service.test/zones/eu%201/start"
    assert started.headers["authorization"] == f"Bearer {TOKEN}"
    assert "x-session" not in started.headers
    assert json.loads(logged_in.content) == {"device": TOKEN, "session": None}
    assert again.headers["x-session"] == "sess-1"


@pytest.mark.parametrize("attributes", ["Path=/", "Path=/; Secure; HttpOnly"])
def test_each_device_has_its_own_values_and_cookies(tmp_path: Path, attributes: str) -> None:
    count = iter(range(10))

    def answer(request: httpx.Request) -> httpx.Response:
        number = next(count)
        headers = {"x-zone": "z", "set-cookie": f"seen={number}; {attributes}"}
        return httpx.Response(200, json={"token": f"token-{number}"}, headers=headers)

    app = App(tmp_path, SERVICE, answer)
    app.send("start")
    app.send("start", device=OTHER)
    sent = [(request.headers.get("authorization"), request.headers.get("cookie")) for request in app.requests]
    assert sent == [(None, None), ("Bearer token-0", "seen=0"), (None, None), ("Bearer token-2", "seen=2")]


def test_the_app_starts_first_where_start_keeps_the_value(tmp_path: Path) -> None:
    toml = """
[service]
base_url = "http://service.test"
[verbs.start]
request = "POST /devices"
keeps = { device_token = "$.token" }
[verbs.providers]
request = "GET /providers/{kept.device_token}"
returns = { providers = "$.ids" }
"""
    app = App(tmp_path, toml, compliant)
    assert [call.verb for call in app.send("providers", "providers")] == ["start", "providers", "providers"]


def test_a_value_of_the_login_ends_with_the_logout(tmp_path: Path) -> None:
    app = App(tmp_path, SERVICE, compliant)
    app.send("login", "logout", "start")
    assert app.requests[-2].headers["x-session"] == "sess-1"
    assert "x-session" not in app.requests[-1].headers
    assert app.requests[-1].headers["authorization"] == f"Bearer {TOKEN}"


@pytest.mark.parametrize(
    ("answer", "reason", "status"),
    [
        (
            httpx.Response(200, json={"tokne": "x"}, headers={"x-zone": "z"}),
            'the verb register was answered 200 without device_token at $.token: {"tokne":"x"}',
            200,
        ),
        (
            httpx.Response(503, text="busy"),
            "the verb register, which keeps it, failed: the service answered 503: busy",
            503,
        ),
    ],
)
def test_a_value_that_was_never_returned_is_explained(
    tmp_path: Path, answer: httpx.Response, reason: str, status: int
) -> None:
    app = App(tmp_path, SERVICE, lambda _: answer)
    call = app.send("login")[-1]
    where = f"{{kept.device_token}} of [verbs.login] in {tmp_path / 'service.toml'} has no value: "
    assert (call.failure, call.status) == (where + reason, status)
    assert len(app.requests) == 1


def test_kept_values_are_masked_wherever_the_service_repeats_them(tmp_path: Path) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/logout":
            escaped = TOKEN.replace("/", "\\/")
            return httpx.Response(500, text=f'{{"bad":"{escaped}", "padding":"{"x" * 238}", "again":"{TOKEN}"}}')
        return compliant(request)

    calls = App(tmp_path, SERVICE, answer).send("login", "logout")
    assert calls[1].returns == {"code": "ABC", "url": f"http://x/?t={mask(TOKEN)}"}
    assert "sha256:" in str(calls[2].failure)
    for call in calls:
        assert "4711" not in msgspec.json.encode(call).decode()
        assert "Zz9" not in msgspec.json.encode(call).decode()


def test_a_refusal_does_not_show_the_value_either(tmp_path: Path) -> None:
    app = App(tmp_path, SERVICE, lambda _: httpx.Response(500, json={"token": TOKEN}))
    assert all("4711" not in str(call.failure) for call in app.send("login"))


def test_a_code_stays_readable_although_it_is_kept(tmp_path: Path) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"token": "t", "code": "ABCDEFG"}, headers={"x-zone": "z"})

    app = App(tmp_path, SERVICE.replace('"$.session"', '"$.code"'), answer)
    assert app.send("login")[-1].returns["code"] == "ABCDEFG"


def test_the_registration_is_sent_without_a_value_of_the_start(tmp_path: Path) -> None:
    toml = """
[service]
base_url = "http://service.test"
headers = { Authorization = "Bearer {kept.token}" }
[verbs.register]
request = "POST /register"
[verbs.start]
request = "POST /devices"
keeps = { token = "$.token" }
[verbs.stop]
request = "POST /stop"
"""
    app = App(tmp_path, toml, compliant)
    assert [(call.verb, call.failure) for call in app.send("stop")] == [
        ("register", None),
        ("start", None),
        ("stop", None),
    ]
    assert [request.headers.get("authorization") for request in app.requests] == [None, None, f"Bearer {TOKEN}"]


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("{kept.zone}", "{kept.zon}", ':10:1: no verb keeps a value "zon"; did you mean "zone"?'),
        ("{kept.zone}", "{device_token}", ":10:1: there is no placeholder {device_token}; write {kept.device_token}"),
        (
            "{kept.session?}",
            "{kept.session}",
            ":5:1: the device may not have {kept.session} yet, which login keeps; write {kept.session?}",
        ),
        ('"$.token"', '"$.["', ':8:11: "$.[" is not a JSONPath'),
        ("device_token =", '"device token" =', 'the name "device token" of a kept value must be of letters'),
        ('"header:X-Zone"', '"header:"', "header: needs the name of a header"),
    ],
)
def test_an_error_names_the_place_and_the_remedy(tmp_path: Path, old: str, new: str, sentence: str) -> None:
    file = tmp_path / "service.toml"
    file.write_text(SERVICE.strip().replace(old, new), "utf-8")
    with pytest.raises(ConfigError) as raised:
        load(file)
    assert sentence in str(raised.value)


def test_without_any_kept_value_the_error_shows_how_to_keep_one(tmp_path: Path) -> None:
    file = tmp_path / "service.toml"
    file.write_text('[service]\nbase_url = "http://x"\n[verbs.start]\nrequest = "POST /{kept.token}"\n')
    with pytest.raises(ConfigError, match=r'add keeps = \{ token = "\$\.…" \} to the verb that returns it'):
        load(file)


@contextmanager
def registering(service_url: str) -> Iterator[str]:
    """Yield the address of an API in front of a service that requires a device token, issued at registration."""

    class Api(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(length)
            if self.path == "/registrations":
                return self._respond(201, json.dumps({"token": f"token-of-{json.loads(body)['id']}"}).encode())
            _, kind, device, *_ = [*self.path.split("/"), ""]
            if kind == "devices" and self.headers.get("Authorization") != f"Bearer token-of-{device}":
                return self._respond(401, b'{"error":"register first"}')
            asked = urllib.request.Request(  # noqa: S310
                service_url + self.path, method=self.command, data=body or None, headers=dict(self.headers)
            )
            try:
                with urllib.request.urlopen(asked, timeout=30) as answer:  # noqa: S310
                    return self._respond(answer.status, answer.read())
            except urllib.error.HTTPError as error:
                return self._respond(error.code, error.read())

        do_GET = do_POST  # noqa: N815 (the name is http.server's)

        def _respond(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Api) as httpd:
        thread = Thread(target=httpd.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{httpd.server_port}"
        finally:
            httpd.shutdown()
            thread.join()


@pytest.mark.slow
def test_an_api_that_requires_registration_is_judged_and_diagnosed(mock_url: str, tmp_path: Path) -> None:
    space = f"{mock_url}/~registering"
    shipped = child_processes.service_toml("http://127.0.0.1:9000").path.read_text("utf-8")
    with child_processes.programmer_service(tmp_path, space) as service, registering(service.url) as api:
        text = shipped.replace("http://127.0.0.1:9000", api).replace(
            "[service.headers]\n", '[service.headers]\nAuthorization = "Bearer {kept.device_token}"\n'
        )
        text += '\n[verbs.register]\nrequest = "POST /registrations"\njson = { id = "{device.id}" }\n'
        text += 'keeps = { device_token = "$.token" }\n'
        file = tmp_path / "service.toml"
        file.write_text(text, "utf-8")
        found, _ = asyncio.run(diagnose(load(file), space, seed=3))
        assert found == []
        report = asyncio.run(
            judge_service(
                load(file), space, all_rules(), seed=4, announce=lambda line: None,
                scenarios=(FirstLoginSecondScreen, PlayPermitted),
            )
        )  # fmt: skip
    assert [(scenario.verdict, scenario.note) for scenario in report.scenarios] == [("passed", "")] * 2
    assert [rule.id for rule in report.rules if rule.verdict == "violated"] == []
    assert "token-of-" not in msgspec.json.encode(report).decode()
