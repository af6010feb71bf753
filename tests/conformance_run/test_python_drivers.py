"""Drivers in user code: a Python class, its failures and its declarations."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from test_user_code_drivers import DEVICES, question, use

from pass_harness.conformance.drivers.driver import Driver
from pass_harness.conformance.errors import ConfigError
from pass_harness.conformance.facts.actions import service_failed
from pass_harness.conformance.observation import VerbCall
from pass_harness.conformance.scenarios.provider_on_phone import ProviderOnPhone
from pass_harness.mock_server.journal.masking import mask


def by_class(folder: Path, code: str, more: str = "") -> Path:
    name = f"driver_{abs(hash(str(folder)))}"
    (folder / f"{name}.py").write_text(code)
    toml = folder / "service.toml"
    toml.write_text(f'[service]\ndriver = "{name}:Driver"\n{more}')
    return toml


WHOLE_CLASS = """
import time
from pass_harness.conformance.drivers.http_verbs import VerbError

class Driver:
    def __init__(self, service):
        self.service = service

    async def login(self, question):
        return {"code": question.device.id[:7], "url": question.arguments["mvpd"] + self.service.mvpd}

    def play(self, question):
        return {"allowed": True, "media_token": "secret"}

    def status(self, question):
        time.sleep(60)

    async def start(self, question):
        raise VerbError("the service answered 500")

    async def stop(self, question):
        raise ConnectionRefusedError("connection refused")

    async def logout(self, question):
        raise KeyError("url")

    async def preauthorize(self, question):
        return {"permitted": "resource1"}
"""


def test_a_class_can_have_coroutines_and_plain_methods(tmp_path: Path) -> None:
    toml = by_class(tmp_path, WHOLE_CLASS)
    login = use(toml, lambda driver: driver.ask(question("login", mvpd="Dish", screen="primary")))
    assert login.returns == {"code": DEVICES[0][1].id[:7], "url": "DishCablevision"}
    play = use(toml, lambda driver: driver.ask(question("play", resource="news")))
    assert play.returns == {"allowed": True, "media_token": mask("secret")}


def test_failures_of_the_service_are_failed_verbs(tmp_path: Path) -> None:
    toml = by_class(tmp_path, WHOLE_CLASS, "timeout = 0.3\n")
    failures = [use(toml, lambda driver, verb=verb: driver.ask(question(verb))).failure for verb in ("start", "stop")]  # type: ignore[misc]
    assert failures == ["the service answered 500", "no connection: connection refused"]
    began = time.monotonic()
    assert use(toml, lambda driver: driver.ask(question("status"))).failure == "no answer within 0.3 s"
    assert time.monotonic() - began < 20


@pytest.mark.parametrize(
    ("verb", "sentence"),
    [
        ("logout", "logout failed: KeyError: 'url' (/"),
        ("preauthorize", "permitted of the verb preauthorize is"),
    ],
)
def test_errors_of_the_class_are_configuration_errors(tmp_path: Path, verb: str, sentence: str) -> None:
    toml = by_class(tmp_path, WHOLE_CLASS)
    with pytest.raises(ConfigError) as raised:
        use(toml, lambda driver: driver.ask(question(verb)))
    assert sentence in str(raised.value)


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("", "has no attribute 'Driver'"),
        ("import no_such_module", "No module named 'no_such_module'"),
        ("class Driver:\n    pass", "takes no arguments"),
        ("class Driver:\n    def __init__(self, service): ...", "has no method that is a verb"),
        ("class Driver", "SyntaxError"),
        ("import sys\nsys.exit(0)", "cannot be constructed: SystemExit: 0"),
    ],
)
def test_a_class_that_cannot_be_instantiated_is_named(tmp_path: Path, code: str, sentence: str) -> None:
    with pytest.raises(ConfigError) as raised:
        use(by_class(tmp_path, code), lambda driver: driver.ask(question("start")))
    assert sentence in str(raised.value)


def with_one_verb(folder: Path, method: str, declarations: str = "") -> Path:
    begin = "import urllib.error, io, httpx\nfrom pass_harness.conformance.drivers import VerbError\n"
    return by_class(folder, f"{begin}class Driver:\n    def __init__(self, service): ...\n{declarations}{method}")


@pytest.mark.parametrize(
    ("raised", "failure", "status"),
    [
        (
            'httpx.Response(503, text="busy", request=httpx.Request("GET", "http://x")).raise_for_status()',
            "the service answered 503: busy",
            503,
        ),
        (
            'urllib.error.HTTPError("http://x", 404, "Not Found", None, io.BytesIO(b"no such device"))',
            "the service answered 404: no such device",
            404,
        ),
        ('urllib.error.URLError(ConnectionRefusedError("refused"))', "no answer: refused", 0),
        ('ConnectionRefusedError("refused")', "no connection: refused", 0),
        ('httpx.ConnectError("refused")', "no connection: refused", 0),
        ('httpx.ReadTimeout("")', "no answer in time: ReadTimeout", 0),
        ('TimeoutError("timed out")', "no answer in time: timed out", 0),
        ('VerbError("the service answered 409", 409)', "the service answered 409", 409),
    ],
)
def test_what_the_service_answered_is_the_failure(tmp_path: Path, raised: str, failure: str, status: int) -> None:
    toml = with_one_verb(tmp_path, f"    def start(self, request):\n        raise {raised}\n")
    call = use(toml, lambda driver: driver.ask(question("start")))
    assert (call.failure, call.status) == (failure, status)


def test_a_login_without_a_code_is_an_answer_that_lacks_it(tmp_path: Path) -> None:
    toml = with_one_verb(
        tmp_path, '    def login(self, request):\n        return {"code": None, "state": "pending"}\n'
    )
    call = use(toml, lambda driver: driver.ask(question("login")))
    assert (call.lacks, call.returns) == (("code",), {"code": None, "state": "pending"})
    assert call.failure == 'the answer has no code: the driver returned {"code":null,"state":"pending"}'
    assert not service_failed(call)


@pytest.mark.parametrize(
    ("declarations", "returned", "returns"),
    [
        ("", {"allowed": False}, {"allowed": False}),
        ("", {"allowed": False, "reason": None}, {"allowed": False, "reason": None}),
        ('    returns = {"play": ["reason"]}\n', {"allowed": False}, {"allowed": False, "reason": None}),
    ],
)
def test_none_and_a_declared_return_are_empty_values(
    tmp_path: Path, declarations: str, returned: object, returns: object
) -> None:
    toml = with_one_verb(tmp_path, f"    def play(self, request):\n        return {returned!r}\n", declarations)
    assert use(toml, lambda driver: driver.ask(question("play"))).returns == returns


def test_a_driver_can_declare_the_provider_chosen_on_the_phone(tmp_path: Path) -> None:
    code = "    def enter_code(self, request):\n        return {}\n"
    toml = with_one_verb(tmp_path, code, "    sends = ['provider_on_phone']\n")

    async def work(driver: Driver) -> VerbCall:
        assert ProviderOnPhone.needs - driver.available - driver.facilities == {"login", "status"}
        return await driver.ask(question("enter_code"))

    use(toml, work)


def test_declarations_give_the_run_its_facilities(tmp_path: Path) -> None:
    play = "    def play(self, request):\n        return {'allowed': True}\n"
    toml = with_one_verb(tmp_path, play, "    sends = {'visitor_identifier'}\n")
    toml.write_text(toml.read_text("utf-8") + 'hidden_mvpds = ["TempPass*"]\n')

    async def work(driver: Driver) -> VerbCall:
        assert driver.facilities == {"visitor_identifier", "hidden_mvpds", "play.reason"}
        return await driver.ask(question("play"))

    assert use(toml, work).visitor == DEVICES[0][1].visitor


@pytest.mark.parametrize(
    ("declarations", "sentence"),
    [
        ("sends = ['visitor_id']", 'sends: there is no "visitor_id"; did you mean "visitor_identifier"?'),
        ("sends = 'visitor_identifier'", "sends must be a list of names, not 'visitor_identifier'"),
        ("returns = {'pley': []}", 'returns: there is no verb "pley"; did you mean "play"?'),
        ("returns = {'play': ['raeson']}", 'returns of play: there is no "raeson"; did you mean "reason"?'),
        ("returns = {'stop': ['x']}", 'returns of stop: there is no "x"; the verb returns nothing'),
        ("returns = ['play']", "returns must name the returns of verbs"),
    ],
)
def test_a_wrong_declaration_is_a_configuration_error(tmp_path: Path, declarations: str, sentence: str) -> None:
    toml = with_one_verb(tmp_path, "    def stop(self, request): ...\n", f"    {declarations}\n")
    with pytest.raises(ConfigError) as raised:
        use(toml, lambda driver: driver.ask(question("stop")))
    assert sentence in str(raised.value)


@pytest.mark.parametrize("kind", ["def", "async def"])
@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        ("sys.exit(0)", "start failed: SystemExit: 0 (/"),
        ("next(iter(()))", "start failed: RuntimeError: coroutine raised StopIteration"),
        ("raise asyncio.CancelledError", "start failed: CancelledError"),
        ("pytest.fail('no state')", "start failed: Failed: no state (/"),
        ("return {'state': 1, 'allowed': 1}", 'the verb start has no return "allowed"'),
    ],
)
def test_an_exit_in_the_class_neither_ends_the_run_nor_counts_as_no_answer(
    tmp_path: Path, kind: str, statement: str, sentence: str
) -> None:
    code = "import asyncio, sys, pytest\nclass Driver:\n    def __init__(self, service): ...\n"
    toml = by_class(tmp_path, f"{code}    {kind} start(self, request):\n        {statement}\n")
    with pytest.raises(ConfigError) as raised:
        use(toml, lambda driver: driver.ask(question("start")))
    assert sentence in str(raised.value)


@pytest.mark.parametrize(
    ("close", "sentence"),
    [
        ("    def close(self):\n        sys.exit(0)\n", "close failed: SystemExit: 0 (/"),
        ("    async def close(self):\n        raise ValueError('shut')\n", "close failed: ValueError: shut (/"),
        ("    async def close(self):\n        await asyncio.sleep(60)\n", "close failed: TimeoutError"),
    ],
)
def test_a_close_that_fails_or_hangs_is_a_configuration_error(tmp_path: Path, close: str, sentence: str) -> None:
    code = "import asyncio, sys\nclass Driver:\n    def __init__(self, service): ...\n"
    code += "    def start(self, request): ...\n"
    with pytest.raises(ConfigError) as raised:
        use(by_class(tmp_path, code + close, "timeout = 0.3\n"), lambda driver: driver.ask(question("start")))
    assert sentence in str(raised.value)


@pytest.mark.parametrize("allowed", ["'PERMIT'", "1", "[]"])
def test_whether_a_viewer_may_play_is_true_or_false(tmp_path: Path, allowed: str) -> None:
    toml = with_one_verb(tmp_path, f"    def play(self, request):\n        return {{'allowed': {allowed}}}\n")
    with pytest.raises(ConfigError, match="allowed of the verb play is true or false, not "):
        use(toml, lambda driver: driver.ask(question("play")))
