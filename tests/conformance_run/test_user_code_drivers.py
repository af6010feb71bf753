"""Drivers in user code: a command that speaks JSON lines, and a Python class."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from pass_harness.conformance.drivers import command_driver
from pass_harness.conformance.drivers.driver import Driver, Request
from pass_harness.conformance.drivers.driver_factory import open_driver
from pass_harness.conformance.errors import ConfigError
from pass_harness.conformance.evaluation.engine import Verdict
from pass_harness.conformance.observation import VerbCall
from pass_harness.conformance.registry import all_rules
from pass_harness.conformance.reports.model import Report
from pass_harness.conformance.running import child_processes
from pass_harness.conformance.running.judged_run import judge_service
from pass_harness.conformance.scenarios.first_login_second_screen import FirstLoginSecondScreen
from pass_harness.conformance.scenarios.logout import Logout
from pass_harness.conformance.scenarios.play_permitted import PlayPermitted
from pass_harness.conformance.service_toml.service_config import load
from pass_harness.fixtures import drivers as examples
from pass_harness.fixtures.devices import new_devices
from pass_harness.mock_server.journal.masking import mask

DEVICES = list(zip(range(3), new_devices(seed=5), strict=False))


def question(verb: str, number: int = 0, **arguments: object) -> Request:
    device = DEVICES[number][1]
    return Request(verb=verb, device=device, scenario="test", arguments=arguments, context={"mvpd": "Dish"})


def use(toml: Path, work: Callable[[Driver], Awaitable[VerbCall]]) -> VerbCall:
    """Return the result of the work with the driver of a service.toml."""

    async def work_with_it() -> VerbCall:
        async with open_driver(load(toml), now_s=time.monotonic, restarter=None) as driver:
            return await work(driver)

    return asyncio.run(work_with_it())


def by_command(folder: Path, code: str, more: str = "") -> Path:
    """Return a service.toml whose driver is a Python program, with the common beginning of such programs."""
    script = folder / "driver.py"
    begin = "import json, os, sys, time\nhello = json.loads(sys.stdin.readline())\n"
    say = "def say(**answer):\n    print(json.dumps(answer), flush=True)\n"
    script.write_text(f"{begin}{say}{code}")
    toml = folder / "service.toml"
    toml.write_text(f"[service]\ncommand = {json.dumps([sys.executable, str(script)])}\n{more}")
    return toml


ANSWERING = """
say(verbs=["start", "login", "status", "restart"])
for line in sys.stdin:
    asked = json.loads(line)
"""


@pytest.mark.slow
def test_a_command_receives_the_service_then_device_and_arguments(tmp_path: Path) -> None:
    toml = by_command(
        tmp_path,
        ANSWERING + "    print('asked', line, hello, file=sys.stderr)\n"
        "    returns = {'code': 'ABC', 'url': json.dumps([asked, hello, os.getcwd()]), 'state': 'waiting'}\n"
        "    say(id=asked['id'], returns=returns)\n",
        'mvpd = "Spectrum"\n[states]\npending = ["waiting"]\n',
    )
    call = use(toml, lambda driver: driver.ask(question("login", mvpd="Cable", screen="secondary")))
    device = DEVICES[0][1]
    asked, hello, folder = json.loads(call.returns["url"])
    assert hello == {
        "protocol": 1,
        "service": {"base_url": "", "service_provider": "REF30", "mvpd": "Spectrum"},
    }
    assert (asked["verb"], asked["arguments"]) == ("login", {"mvpd": "Cable", "screen": "secondary"})
    told = asked["device"]
    assert (told["id"], told["ip"], told["info"]) == (device.id, device.ip, device.info)
    assert Path(folder) == tmp_path
    assert (call.device, call.returns["code"], call.returns["state"]) == (device.id, "ABC", "pending")
    assert call.arguments == {"mvpd": "Cable", "screen": "secondary"}


@pytest.mark.slow
def test_answers_can_arrive_in_any_order_and_late(tmp_path: Path) -> None:
    toml = by_command(
        tmp_path,
        """
say(verbs=["status"])
asked = [json.loads(sys.stdin.readline()) for _ in range(3)]
say(id=asked[2]["id"], returns={"state": "authenticated"})
say(id=asked[0]["id"], failure="the service answered 503")
time.sleep(1.5)
say(id=asked[1]["id"], returns={"state": "pending"})
say(id=json.loads(sys.stdin.readline())["id"], returns={"state": "unauthenticated"})
""",
        "timeout = 1\n",
    )

    async def work(driver: Driver) -> VerbCall:
        calls = await asyncio.gather(*(driver.ask(question("status", number)) for number in range(3)))
        assert [(call.device, call.failure) for call in calls] == [
            (DEVICES[0][1].id, "the service answered 503"),
            (DEVICES[1][1].id, "no answer within 1 s"),
            (DEVICES[2][1].id, None),
        ]
        await asyncio.sleep(0.8)
        return await driver.ask(question("status"))

    assert use(toml, work).returns == {"state": "unauthenticated"}


@pytest.mark.slow
def test_a_command_may_restart_the_service_itself(tmp_path: Path) -> None:
    toml = by_command(tmp_path, ANSWERING + "    say(id=asked['id'])\n")

    async def work(driver: Driver) -> VerbCall:
        assert "restart" in driver.available
        return await driver.ask(question("restart"))

    call = use(toml, work)
    assert (call.verb, call.device, call.failure) == ("restart", "", None)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("sys.exit(3)", "ended with exit code 3 during the run; its stderr is empty"),
        ("raise KeyError('token')", "its stderr:\nTraceback"),
        ("print('ready')", 'its first line must be {"verbs": […]}'),
        ("say(verbs=[])", "its list of verbs is empty"),
        ("say(verbs=['logn'])", 'there is no verb "logn"; did you mean "login"?'),
        ("print('x' * 2_000_000)", "a line of its stdout is longer than 1048576 bytes"),
    ],
)
def test_a_command_without_a_greeting_is_a_configuration_error(tmp_path: Path, code: str, sentence: str) -> None:
    with pytest.raises(ConfigError) as raised:
        use(by_command(tmp_path, code), lambda driver: driver.ask(question("start")))
    assert sentence in str(raised.value)
    assert str(tmp_path / "service.toml") in str(raised.value)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        (
            "    print('oops', file=sys.stderr); os._exit(7)",
            "ended with exit code 7 during the run; its stderr:\noo",
        ),
        ("    print('[' * 50_000)", "its stdout must hold one JSON object per line and nothing else, not '[[["),
        ("    print('debugging')", "its stdout must hold one JSON object per line and nothing else, not 'debugging'"),
        ("    say(id=99)", "it answered the id 99, and no request has that id"),
        ("    say(id=asked['id'], returns={'sttae': 'x'})", 'has no return "sttae"; did you mean "state"?'),
        ("    say(id=asked['id'], result={})", "Object contains unknown field `result`"),
        ("    print('x' * 2_000_000)", "longer than 1048576 bytes"),
    ],
)
def test_a_crash_or_invalid_output_is_a_configuration_error(tmp_path: Path, code: str, sentence: str) -> None:
    async def work(driver: Driver) -> VerbCall:
        with pytest.raises(ConfigError) as raised:
            await driver.ask(question("status"))
        assert sentence in str(raised.value)
        return await driver.ask(question("status"))

    with pytest.raises(ConfigError):
        use(by_command(tmp_path, ANSWERING + code), work)


@pytest.mark.slow
def test_a_silent_command_times_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command_driver, "READY_WITHIN", 0.5)
    monkeypatch.setattr(command_driver, "ENDS_WITHIN", 0.5)
    began = time.monotonic()
    with pytest.raises(ConfigError, match=r"did not list its verbs within 0\.5 s"):
        use(by_command(tmp_path, "time.sleep(60)"), lambda driver: driver.ask(question("start")))
    assert time.monotonic() - began < 20


@pytest.mark.slow
def test_an_unstartable_command_is_named(tmp_path: Path) -> None:
    toml = tmp_path / "service.toml"
    toml.write_text('[service]\ncommand = ["no-such-program"]\n')
    with pytest.raises(ConfigError, match="no-such-program cannot be started"):
        use(toml, lambda driver: driver.ask(question("start")))


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
    assert failures == ["the service answered 500", "no answer: connection refused"]
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
    ],
)
def test_a_class_that_cannot_be_instantiated_is_named(tmp_path: Path, code: str, sentence: str) -> None:
    with pytest.raises(ConfigError) as raised:
        use(by_class(tmp_path, code), lambda driver: driver.ask(question("start")))
    assert sentence in str(raised.value)


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory, mock_url: str) -> Iterator[dict[str, Report]]:
    """A short run with each of the example drivers, concurrently."""
    folder = tmp_path_factory.mktemp("drivers")
    shipped = Path(examples.__file__).parent
    spaces = {name: f"{mock_url}/~by-{name}" for name in ("class", "command")}
    services = {
        name: child_processes.programmer_service(_made(folder / name), space) for name, space in spaces.items()
    }
    with services["class"] as by_class, services["command"] as by_command:
        for name, url in (("class", by_class.url), ("command", by_command.url)):
            text = (shipped / f"{name}.toml").read_text("utf-8")
            text = text.replace("http://127.0.0.1:9000", url).replace('"python3"', json.dumps(sys.executable))
            (folder / name / "service.toml").write_text(text)
            for module in shipped.glob("*.py"):
                (folder / name / module.name).write_bytes(module.read_bytes())

        async def judge(name: str, seed: int) -> Report:
            return await judge_service(
                load(folder / name / "service.toml"),
                spaces[name],
                all_rules(),
                seed=seed,
                announce=lambda line: None,
                scenarios=(FirstLoginSecondScreen, PlayPermitted, Logout),
            )

        async def judge_both() -> list[Report]:
            return await asyncio.gather(judge("class", 1), judge("command", 2))

        yield dict(zip(("class", "command"), asyncio.run(judge_both()), strict=True))


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("name", ["class", "command"])
def test_a_service_is_judged_by_the_example_drivers(reports: dict[str, Report], name: str) -> None:
    report = reports[name]
    assert [rule.id for rule in report.rules if rule.verdict == Verdict.VIOLATED] == []
    verdicts = {rule.id: rule.verdict for rule in report.rules}
    assert verdicts["authentication.code-and-url-returned"] == Verdict.PASSED
    assert verdicts["authorization.every-playback-authorized"] == Verdict.PASSED
    assert report.run.exchanges > 10


@pytest.mark.slow
def test_verbs_that_a_driver_lacks_leave_rules_untestable(reports: dict[str, Report]) -> None:
    untestable = {entry.rule: entry.needs for entry in reports["class"].untestable}
    assert "logout" in untestable["logout.on-request"]
    assert [s.verdict for s in reports["class"].scenarios if s.id == Logout.id] == ["skipped"]
    assert "logout.on-request" not in {entry.rule for entry in reports["command"].untestable}
    assert [s.verdict for s in reports["command"].scenarios] == ["passed"] * 3
