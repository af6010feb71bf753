"""The HTTP driver: requests from service.toml, and the answers in the suite's vocabulary."""

from __future__ import annotations

import asyncio
import base64
import gzip
import json
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path

import httpx
import pytest

from pass_harness.conformance.drivers.driver import Request
from pass_harness.conformance.drivers.http_driver import HttpDriver
from pass_harness.conformance.drivers.http_verbs import MOST_BYTES
from pass_harness.conformance.facts.actions import service_failed
from pass_harness.conformance.observation import VerbCall
from pass_harness.conformance.running.child_processes import free_port
from pass_harness.conformance.service_toml.service_config import load
from pass_harness.fixtures.devices import new_devices
from pass_harness.mock_server.journal.masking import mask

DEVICE = next(new_devices(seed=7))

HEAD = '[service]\nbase_url = "http://service.test/api"\nheaders = { "X-Forwarded-For" = "{device.ip}" }\n'

Handler = Callable[[httpx.Request], httpx.Response]


def unread(answer: httpx.Response) -> httpx.Response:
    """Return the answer with its body as a stream that has not been read."""
    if not answer.is_stream_consumed:
        return answer
    return httpx.Response(answer.status_code, headers=answer.headers, stream=httpx.ByteStream(answer.content))


@pytest.fixture
def ask(tmp_path: Path) -> Callable[..., VerbCall]:
    """Ask one verb of a service whose answers come from a function."""

    def ask(
        toml: str, handler: Handler, verb: str, context: Mapping[str, object] | None = None, **arguments: object
    ) -> VerbCall:
        path = tmp_path / "service.toml"
        path.write_text(HEAD + toml, "utf-8")
        times = iter((10.0, 10.5))

        async def once() -> VerbCall:
            transport = httpx.MockTransport(lambda asked: unread(handler(asked)))
            driver = HttpDriver(load(path), now_s=lambda: next(times), transport=transport)
            request = Request(verb=verb, device=DEVICE, scenario="test", arguments=arguments, context=context or {})
            call = await driver.ask(request)
            await driver.close()
            return call

        return asyncio.run(once())

    return ask


LOGIN = """
[verbs.login]
request = "POST /devices/{device.id}/login?screen={screen}"
json = { mvpd = "{mvpd}", port = "{device.port}", about = "{device.model} at {device.ip}", code = "{code}" }
headers = { "X-Device-Info" = "{device.info}" }
returns = { code = "$.code", state = "$.is.state" }
[states]
pending = ["waiting"]
"""


def test_placeholders_are_filled_in_path_headers_and_body(ask: Callable[..., VerbCall]) -> None:
    seen: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(201, json={"code": "ABC", "is": {"state": "waiting"}})

    call = ask(LOGIN, handler, "login", mvpd="Cable/vision", screen="a b&c")
    request = seen[0]
    assert str(request.url) == f"http://service.test/api/devices/{DEVICE.id}/login?screen=a%20b%26c"
    assert request.headers["x-forwarded-for"] == DEVICE.ip
    assert json.loads(base64.b64decode(request.headers["x-device-info"]))["model"] == DEVICE.model.model
    assert json.loads(request.content) == {
        "mvpd": "Cable/vision",
        "port": DEVICE.port,
        "about": f"{DEVICE.model.model} at {DEVICE.ip}",
        "code": None,
    }
    assert call == VerbCall(
        verb="login",
        device=DEVICE.id,
        ip=DEVICE.ip,
        scenario="test",
        started=10.0,
        ended=10.5,
        arguments={"mvpd": "Cable/vision", "screen": "a b&c"},
        returns={"code": "ABC", "state": "pending"},
        facts=DEVICE.facts,
        status=201,
    )


def test_lists_are_returned_whole_or_by_their_items(ask: Callable[..., VerbCall]) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        assert json.loads(request.content) == ["a", "b"]
        return httpx.Response(200, json={"may": ["a"], "not": [{"id": "b"}, {"id": "c"}]})

    toml = """
[verbs.preauthorize]
request = "POST /check"
json = "{resources}"
returns = { permitted = "$.may", denied = "$.not[*].id" }
"""
    call = ask(toml, handler, "preauthorize", resources=["a", "b"])
    assert call.returns == {"permitted": ["a"], "denied": ["b", "c"]}


PLAY = """
[verbs.play]
request = "POST /play"
form = { what = "{resource}", as = "{mvpd}" }
returns = { allowed = "$.ok", media_token = "$.token", reason = "$.why" }
accept = [403]
"""


def test_media_tokens_are_masked_as_in_the_journal(ask: Callable[..., VerbCall]) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        assert request.content == b"what=news&as=Dish"
        return httpx.Response(200, json={"ok": True, "token": "secret"})

    call = ask(PLAY, handler, "play", context={"mvpd": "Dish"}, resource="news")
    assert call.returns == {"allowed": True, "media_token": mask("secret"), "reason": None}
    assert call.arguments == {"resource": "news"}


def test_an_accepted_status_is_a_success(ask: Callable[..., VerbCall]) -> None:
    call = ask(PLAY, lambda _: httpx.Response(403, json={"ok": False, "why": "no"}), "play")
    assert (call.failure, call.returns) == (None, {"allowed": False, "media_token": None, "reason": "no"})


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b'\xef\xbb\xbf{"ok":true,"why":"caf\xc3\xa9"}', "application/json"),
        ('{"ok":true,"why":"caf\u00e9"}'.encode("latin-1"), "application/json;charset=ISO-8859-1"),
        ('{"ok":true,"why":"caf\u00e9"}'.encode("utf-16"), 'application/json; charset="utf-16"'),
        (b'\n{"ok":true,"why":"caf\xc3\xa9"}\r\n', "application/json; charset=unheard-of"),
    ],
)
def test_json_is_read_in_its_charset(ask: Callable[..., VerbCall], body: bytes, content_type: str) -> None:
    answer = httpx.Response(200, content=body, headers={"content-type": content_type})
    call = ask(PLAY, lambda _: answer, "play")

    assert (call.failure, call.returns["allowed"], call.returns["reason"]) == (None, True, "caf\u00e9")


@pytest.mark.parametrize("body", [b"", b"null", b"null\n", b"\r\n"])
def test_an_empty_answer_has_no_returns(ask: Callable[..., VerbCall], body: bytes) -> None:
    start = '[verbs.start]\nrequest = "POST /start"\nreturns = { state = "$.state" }\n'
    call = ask(start, lambda _: httpx.Response(200, content=body), "start")

    assert (call.failure, call.returns) == (None, {"state": None})


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (httpx.Response(503, text="busy\nnow"), "the service answered 503: busy now"),
        (httpx.Response(302), "the service answered 302: an empty body"),
        (httpx.Response(200, text="<html>"), "the answer is not JSON: <html>"),
        (httpx.Response(200, json={"okay": 1}), 'the answer has no allowed at $.ok: {"okay":1}'),
        (httpx.Response(200, text="x" * 400), f"the answer is not JSON: {'x' * 300}…"),
    ],
)
def test_a_failed_verb_carries_the_answer_as_evidence(
    ask: Callable[..., VerbCall], answer: httpx.Response, failure: str
) -> None:
    assert ask(PLAY, lambda _: answer, "play").failure == failure


def test_an_unmapped_state_is_an_error_with_the_mapping_to_add(ask: Callable[..., VerbCall]) -> None:
    call = ask(LOGIN, lambda _: httpx.Response(200, json={"code": "A", "is": {"state": "limbo"}}), "login")
    assert call.failure == '[states] does not map the state "limbo"; add it there, like authenticated = ["limbo"]'


def test_a_login_without_code_is_an_answer_only_when_logged_in(ask: Callable[..., VerbCall]) -> None:
    assert ask(LOGIN, lambda _: httpx.Response(200, json={"is": {"state": "authenticated"}}), "login").failure is None
    assert ask(LOGIN, lambda _: httpx.Response(200, json={"is": {"state": "waiting"}}), "login").failure is not None


@pytest.mark.parametrize(
    ("content", "lacks", "returns"),
    [
        ({"is": {"state": "waiting"}}, ("code",), {"code": None, "state": "pending"}),
        ({}, ("code",), {"code": None, "state": None}),
        ({"code": None}, ("code",), {"code": None, "state": None}),
    ],
)
def test_an_answer_without_a_required_return_keeps_its_other_values(
    ask: Callable[..., VerbCall], content: object, lacks: tuple[str, ...], returns: dict[str, object]
) -> None:
    call = ask(LOGIN, lambda _: httpx.Response(200, json=content), "login")
    assert (call.lacks, call.returns, call.status) == (lacks, returns, 200)
    shown = json.dumps(content, separators=(",", ":"))
    assert call.failure == f"the answer has no code at $.code: {shown}"
    assert not service_failed(call)


def test_a_mapped_return_that_the_answer_lacks_is_none(ask: Callable[..., VerbCall]) -> None:
    call = ask(PLAY, lambda _: httpx.Response(200, json={"ok": False}), "play")
    assert (call.failure, call.lacks) == (None, ())
    assert call.returns == {"allowed": False, "media_token": None, "reason": None}
    assert "login_required" not in call.returns  # PLAY does not map it


def test_an_answer_that_breaks_off_is_a_failed_verb(ask: Callable[..., VerbCall]) -> None:
    class BreakingOff(httpx.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            yield b"{"
            raise httpx.RemoteProtocolError("peer closed connection")

    call = ask(PLAY, lambda _: httpx.Response(200, stream=BreakingOff()), "play")
    assert (call.failure, call.status) == ("the answer 200 broke off: peer closed connection", 0)


def test_a_service_that_cannot_be_connected_to_in_time_is_a_failed_verb(ask: Callable[..., VerbCall]) -> None:
    def stall(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectTimeout("", request=request)

    assert ask(PLAY, stall, "play").failure == "no connection to http://service.test within 15 s"


def test_a_refused_connection_is_called_so(tmp_path: Path) -> None:
    file = tmp_path / "service.toml"
    url = f"http://127.0.0.1:{free_port()}"
    file.write_text(f'[service]\nbase_url = "{url}"\n[verbs.start]\nrequest = "POST /start"\n', "utf-8")

    async def once() -> VerbCall:
        driver = HttpDriver(load(file), now_s=lambda: 0.0)
        call = await driver.ask(Request(verb="start", device=DEVICE, scenario="test", arguments={}, context={}))
        await driver.close()
        return call

    call = asyncio.run(once())
    assert (call.failure, call.status) == (f"no connection to {url}: connection refused", 0)


def test_an_unreachable_service_is_a_failed_verb(ask: Callable[..., VerbCall]) -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("connection refused", request=request)

    assert ask(PLAY, refuse, "play").failure == "no connection to http://service.test: connection refused"


def test_a_service_that_does_not_answer_in_time_is_a_failed_verb(ask: Callable[..., VerbCall]) -> None:
    def stall(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("", request=request)

    assert ask(PLAY, stall, "play").failure == "no answer within 15 s"


@pytest.mark.parametrize(
    "body", [b"[" * 100_000, b'{"ok":' * 20_000 + b"1" + b"}" * 20_000, b'"\xff"', b'{"ok":"\\ud800"}', b"9" * 20_000]
)
def test_an_oversized_answer_is_a_failed_verb(ask: Callable[..., VerbCall], body: bytes) -> None:
    failure = ask(PLAY, lambda _: httpx.Response(200, content=body), "play").failure
    assert failure is not None
    assert failure.startswith(("the answer is not JSON: ", "the answer has no allowed"))


def test_secrets_in_the_evidence_are_masked(ask: Callable[..., VerbCall]) -> None:
    call = ask(PLAY, lambda _: httpx.Response(500, json={"access_token": "secret"}), "play")
    assert call.failure == f'the service answered 500: {{"access_token":"{mask("secret")}"}}'


class Endless(httpx.AsyncByteStream):
    """A body that continues for as long as it is read."""

    def __init__(self, piece: bytes, pause: float = 0.0) -> None:
        self.piece, self.pause, self.given = piece, pause, 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            self.given += len(self.piece)
            yield self.piece
            await asyncio.sleep(self.pause)


def test_an_endless_answer_is_not_buffered(ask: Callable[..., VerbCall]) -> None:
    endless = Endless(b"x" * 1_000_000)
    call = ask(PLAY, lambda _: httpx.Response(200, stream=endless), "play")
    assert call.failure == f"the answer is larger than {MOST_BYTES} bytes"
    assert endless.given < MOST_BYTES * 2


def test_a_decompression_bomb_is_decompressed_up_to_the_limit(ask: Callable[..., VerbCall]) -> None:
    packed = gzip.compress(b" " * 64 * 1_048_576)
    headers = {"content-encoding": "gzip"}
    call = ask(PLAY, lambda _: httpx.Response(200, headers=headers, stream=httpx.ByteStream(packed)), "play")
    assert call.failure == f"the answer is larger than {MOST_BYTES} bytes"


def test_a_slowly_dripping_answer_is_a_failed_verb(ask: Callable[..., VerbCall]) -> None:
    toml = f"timeout = 0.5\n{PLAY}"
    call = ask(toml, lambda _: httpx.Response(200, stream=Endless(b" ", 0.05)), "play")
    assert (call.failure, call.status) == ("the answer 200 was not complete within 0.5 s", 0)
