"""The image: linted, in step with the code, and its commands run."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from pass_harness.mock_server.cli.main import main
from pass_harness.mock_server.client.env_vars import CONTROL_TOKEN
from pass_harness.mock_server.testing import running_mock

ROOT = Path(__file__).parent.parent.parent
BIN = Path(sys.executable).parent
DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8")
INSTRUCTIONS = [
    (word, rest)
    for line in re.sub(r"^#.*\n", "", DOCKERFILE, flags=re.MULTILINE).replace("\\\n", " ").splitlines()
    if line
    for word, _, rest in [line.partition(" ")]
]


def last(word: str) -> str:
    """Return the arguments of the last instruction of that name."""
    return next(rest for name, rest in reversed(INSTRUCTIONS) if name == word)


@pytest.mark.slow
def test_hadolint_reports_nothing() -> None:
    done = subprocess.run([BIN / "hadolint", ROOT / "Dockerfile"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.slow
def test_hadolint_detects_errors(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM python:latest\nRUN cd / && sudo pip install x\n", "utf-8")
    assert (
        subprocess.run([BIN / "hadolint", tmp_path / "Dockerfile"], capture_output=True, check=False).returncode == 1
    )


def test_copied_files_exist_and_are_not_ignored() -> None:
    copied = [
        source
        for word, rest in INSTRUCTIONS
        if word == "COPY" and not rest.startswith("--from")
        for source in shlex.split(rest)[:-1]
    ]
    let_through = re.findall(r"^!(.+)$", (ROOT / ".dockerignore").read_text("utf-8"), re.MULTILINE)
    assert set(copied) == set(let_through)
    assert [source for source in copied if not (ROOT / source).exists()] == []
    assert {"fixtures", "mock_server", "conformance", "load"} <= set(copied)


def test_the_user_is_not_root_and_versions_are_pinned() -> None:
    assert last("USER") == "10001:10001"
    assert INSTRUCTIONS.index(("USER", "10001:10001")) < [word for word, _ in INSTRUCTIONS].index("ENTRYPOINT")
    assert {rest.split()[0] for word, rest in INSTRUCTIONS if word == "FROM"} == {"${BASE}"}
    base, lock = [rest for word, rest in INSTRUCTIONS if word == "ARG"]
    assert re.fullmatch(r"BASE=python:3\.\d+-slim(@sha256:[0-9a-f]{64})?", base)
    assert lock == "LOCK=image"


def test_pip_downloads_only_what_it_checks_by_hash() -> None:
    """Any other call of pip has neither an index nor a build environment of its own."""
    commands = [command for word, rest in INSTRUCTIONS if word == "RUN" for command in rest.split("&&")]
    calls = [command.split("/bin/pip ")[1] for command in commands if "/bin/pip " in command]
    assert len(calls) == 5
    for call in calls:
        by_hash = "--require-hashes" in call and re.search(r'--requirement "?requirements/', call)
        offline = "--no-deps" in call and ("--no-index" in call or "--no-build-isolation" in call)
        assert by_hash or offline or call.startswith("uninstall"), call


def test_the_image_needs_a_control_token() -> None:
    """Run entry point and command of the image on another port."""
    command = [*json.loads(last("ENTRYPOINT")), *json.loads(last("CMD"))]
    assert command[0] == "pass-mock"
    refused = CliRunner().invoke(main, command[1:])
    assert refused.exit_code == 2
    assert CONTROL_TOKEN in refused.stderr
    port = next(option for option in main.commands["serve"].params if option.name == "port")
    assert last("EXPOSE") == str(port.default)


@pytest.mark.slow
def test_the_health_check_detects_a_dead_mock() -> None:
    check = json.loads(last("HEALTHCHECK").partition("CMD ")[2])
    assert check == ["pass-mock", "health"]
    with running_mock("--host", "0.0.0.0", "--control-token", "s3cret") as url:  # noqa: S104 - as in the image
        here = url.replace("0.0.0.0", "127.0.0.1")  # noqa: S104 - as above
        answers = asked_health(here, "s3cret"), asked_health(here, "another")
    assert [(done.returncode, done.stdout) for done in answers] == [(0, "ok\n"), (1, "")]
    gone = asked_health(here, "s3cret")
    assert gone.returncode == 1
    assert f"the mock at {here} is not healthy" in gone.stderr
    assert asked_health("nowhere", "").returncode == 2  # wrong usage


def asked_health(url: str, token: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {CONTROL_TOKEN: token}
    command = [BIN / "pass-mock", "health", "--mock", url]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_the_health_check_trusts_a_given_authority(tmp_path: Path) -> None:
    with running_mock("--tls", "--tls-folder", str(tmp_path)) as url:
        command = ["health", "--mock", url, "--ca", str(tmp_path / "ca.pem")]
        assert CliRunner().invoke(main, command).stdout == "ok\n"
        refused = CliRunner().invoke(main, command[:-2])
        assert (refused.exit_code, "its certificate is not trusted" in refused.stderr) == (1, True)
        assert refused.stderr.rstrip().endswith("Name the certificate of its CA with --ca")
    assert CliRunner().invoke(main, [*command[:-1], str(tmp_path / "none.pem")]).exit_code == 2


@pytest.mark.parametrize("name", ["dev", "image", "load", "build"])
def test_lock_files_name_no_host(name: str) -> None:
    text = (ROOT / "requirements" / f"{name}.txt").read_text("utf-8")
    assert "--hash=sha256:" in text
    assert re.findall(r"https?://|--index-url|--find-links|^-i ", text, re.MULTILINE) == []
