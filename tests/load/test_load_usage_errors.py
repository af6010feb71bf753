"""Usage errors of `pass-load`, before any request: one sentence, no traceback."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pass_harness.conformance.running.child_processes import free_port
from pass_harness.load.cli import main
from pass_harness.mock_server.testing import running_mock

EVENT = """[event]
audience = 1
duration = "5s"
[[stages]]
lasts = "1s"
share = 1
[[viewers]]
entrance = "first-screen"
"""


def refused(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["run", "--event", "kickoff", *arguments])


SERVICE = """[service]
base_url = "{url}"
[verbs.login]
request = "POST /login"
returns = {{ code = "$.code" }}
[verbs.status]
request = "GET /status"
returns = {{ state = "$.state" }}
"""
PLAY = '[verbs.play]\nrequest = "POST {target}"\nreturns = {{ allowed = "$.allowed" }}\n'


def service(tmp_path: Path, url: str = "http://127.0.0.1:1", play: str = "/play") -> str:
    path = tmp_path / "service.toml"
    path.write_text(SERVICE.format(url=url) + (PLAY.format(target=play) if play else ""), "utf-8")
    return str(path)


@pytest.mark.parametrize("url", ["http://192.0.2.1:9000", "http://localhost.example:9000", "http://2130706433"])
def test_load_beyond_this_machine_is_refused(tmp_path: Path, url: str) -> None:
    ended = refused("--service", service(tmp_path, url))
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert "this machine alone" in ended.stderr
    assert "--allow-remote" in ended.stderr


@pytest.mark.parametrize("option", ["--service", "--mock", "--host"])
def test_load_beyond_this_machine_needs_a_limit(tmp_path: Path, option: str) -> None:
    url = "http://192.0.2.1:9000"
    statement = tmp_path / "statement.jwt"
    statement.write_text("e30.e30.", "utf-8")
    more = {
        "--service": ["--service", service(tmp_path, url)],
        "--mock": ["--mock", url],
        "--host": ["--host", url, "--software-statement", str(statement)],
    }
    ended = refused(*more[option], "--allow-remote")
    assert ended.exit_code == 2
    assert "needs a limit, like --rate 50" in ended.stderr


def test_a_verb_on_another_host_is_refused(tmp_path: Path) -> None:
    ended = refused("--service", service(tmp_path, play="http://192.0.2.1/play"))
    assert ended.exit_code == 2
    assert "[verbs.play] is at 192.0.2.1" in ended.stderr


def test_a_mock_on_another_host_is_refused(tmp_path: Path) -> None:
    ended = refused("--service", service(tmp_path), "--mock", "http://192.0.2.1:8300")
    assert ended.exit_code == 2
    assert "the mock is at 192.0.2.1" in ended.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--defect", "token-per-cal"], 'did you mean "token-per-call"'),
        (["--mock", "http://127.0.0.1:1"], "no mock answers at http://127.0.0.1:1"),
        (["--host", "http://127.0.0.1:1"], "--host and --software-statement go together"),
        (["--host", "http://127.0.0.1:1", "--mock", "http://127.0.0.1:1"], "leave out --service and --mock"),
        (["--host", "http://127.0.0.1:1", "--software-statement", "nowhere.jwt"], "set the entrance of all viewers"),
        (["--slo", "nowhere.toml"], "nowhere.toml: cannot be read"),
        (["--audience", "10000000"], "use at most 150650 viewers"),
        (["--event", "kickof"], 'did you mean "kickoff"'),
        (["--select", "registration.tokens"], "registration.token"),
        (["--audience", "0"], "0"),
        (["--speed", "nan"], "nan is not a number"),
        (["--html", "."], "--html .: is a folder"),
        (["--rate", "nan"], "nan is not a number"),
        (["--processes", "2", "--expect-workers", "2"], "leave out --expect-workers"),
    ],
)
def test_wrong_usage_is_one_sentence(arguments: list[str], says: str) -> None:
    ended = refused(*arguments)
    assert ended.exit_code == (3 if "no mock" in says else 2)
    assert says in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_service_without_viewer_verbs_is_refused(tmp_path: Path) -> None:
    ended = refused("--service", service(tmp_path, play=""))
    assert ended.exit_code == 2
    assert "viewers need [verbs.play]; map it" in ended.stderr


def test_a_user_code_driver_is_refused(tmp_path: Path) -> None:
    (tmp_path / "service.toml").write_text('[service]\ndriver = "my_driver:MyDriver"\n', "utf-8")
    ended = refused("--service", str(tmp_path / "service.toml"))
    assert ended.exit_code == 2
    assert "load needs verbs that are HTTP calls" in ended.stderr


def test_without_a_mock_the_run_is_refused(tmp_path: Path) -> None:
    mock = f"http://127.0.0.1:{free_port()}"
    ended = refused("--service", service(tmp_path), "--mock", mock)
    assert ended.exit_code == 3
    assert f"no mock answers at {mock}" in ended.stdout
    assert "Traceback" not in ended.stderr


@pytest.mark.slow
def test_a_mock_whose_certificate_is_not_trusted_is_named(tmp_path: Path) -> None:
    with running_mock("--tls", "--tls-folder", str(tmp_path)) as mock:
        ended = refused("--mock", mock)
    assert ended.exit_code == 3
    assert "its certificate is not trusted: unable to get local issuer certificate). Set the" in ended.stderr


def test_a_host_that_is_not_a_mock_is_refused(tmp_path: Path) -> None:
    (tmp_path / "statement.jwt").write_text("e30.e30.", "utf-8")
    ended = refused("--host", "http://127.0.0.1:1", "--software-statement", str(tmp_path / "statement.jwt"))
    assert ended.exit_code == 2
    assert 'set the entrance of all viewers to "temp-pass"' in ended.stderr


@pytest.mark.slow
def test_an_unknown_tv_provider_is_named(tmp_path: Path) -> None:
    (tmp_path / "small.toml").write_text(EVENT + "[mvpds]\nCablewision = 1\n", "utf-8")
    ended = refused("--event", str(tmp_path / "small.toml"))
    assert ended.exit_code == 2
    assert 'the mock has no TV provider "Cablewision"' in ended.stderr
