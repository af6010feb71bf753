"""The curl commands of the dashboard: a shell reads them as the request that the mock received."""

from __future__ import annotations

import base64
import itertools
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytestmark = pytest.mark.slow

MODULE = Path(__file__).parents[2] / "mock_server" / "dashboard" / "static" / "curl.js"
ADDRESS = "http://127.0.0.1:8300/~it's"
HASH = "sha256:0123456789abcdef"
_DRIVER = """
import {{ curlOf }} from "data:text/javascript;base64,{module}";
import {{ createInterface }} from "node:readline";
for await (const line of createInterface({{ input: process.stdin }})) {{
  console.log(JSON.stringify(curlOf(JSON.parse(line), {address})));
}}
"""
_SHOW_ARGUMENTS = 'curl() { for one in "$@"; do printf "%s\\0" "$one"; done; }\n'

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40)
"""Characters that a shell argument can contain, line feeds and control characters included."""
NASTY = st.sampled_from(
    ["'", '"', "$(id)", "`id`", "\\", "!", "\n", "\r\n", "\x1b[201~", "\x9b", "%s", "''\\''", "-", "@f"]
)
VALUE = st.lists(st.one_of(TEXT, NASTY), max_size=4).map("".join)
HEADER = st.from_regex(r"x-[a-z][a-z0-9-]{0,8}", fullmatch=True).filter(lambda name: name != "x-request-id")


@pytest.fixture(scope="module")
def commands() -> Iterator[subprocess.Popen[str]]:
    """A process of Node.js that answers exchanges with commands, one JSON text per line."""
    node = shutil.which("node")
    assert node, "the tests of the dashboard's scripts need Node.js"
    script = _DRIVER.format(module=base64.b64encode(MODULE.read_bytes()).decode(), address=json.dumps(ADDRESS))
    with subprocess.Popen(
        [node, "--input-type=module", "--eval", script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    ) as process:
        yield process
        assert process.stdin
        process.stdin.close()


def command_of(commands: subprocess.Popen[str], **exchange: Any) -> str:  # noqa: ANN401 - members of an exchange
    plain = {"method": "GET", "path": "/", "query": "", "request_headers": {}, "request_body": "", "lacks": []}
    assert commands.stdin
    assert commands.stdout
    commands.stdin.write(json.dumps({**plain, **exchange}) + "\n")
    commands.stdin.flush()
    command: str = json.loads(commands.stdout.readline())
    return command


def arguments(command: str, **variables: str) -> list[str]:
    """Return the arguments that a shell passes to curl."""
    done = subprocess.run(
        ["/bin/sh", "-c", _SHOW_ARGUMENTS + command],
        capture_output=True,
        check=True,
        timeout=30,
        env={"LC_ALL": "C.UTF-8", **variables},
    )
    assert done.stderr == b""
    return done.stdout.decode().split("\0")[:-1]


def values(found: list[str], option: str) -> list[str]:
    return [value for name, value in itertools.pairwise(found) if name == option]


@settings(max_examples=150, deadline=None)
@given(
    path=VALUE,
    query=VALUE,
    headers=st.dictionaries(HEADER, VALUE, max_size=3),
    body=VALUE,
    method=st.sampled_from("GPD"),
)
def test_a_shell_passes_every_text_unchanged_and_prints_no_control_character(
    commands: subprocess.Popen[str], path: str, query: str, headers: dict[str, str], body: str, method: str
) -> None:
    method = {"G": "GET", "P": "POST", "D": "DELETE"}[method]
    command = command_of(
        commands, method=method, path=f"/{path}", query=query, request_headers=headers, request_body=body
    )
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", command), "a terminal obeys control characters"
    found = arguments(command)
    url = next(one for one in found if one.startswith(ADDRESS))
    sent_path, _, sent_query = url.removeprefix(ADDRESS).partition("?")
    assert (unquote(sent_path), sent_query) == (f"/{path}", query)
    plain = [f"{name}: {value}" if value else f"{name};" for name, value in headers.items()]
    assert values(found, "--header") == plain + ["content-type:"] * bool(body)
    assert values(found, "--data-raw") == [body] * bool(body)
    assert values(found, "--request") == ([] if method == "GET" and not body else [method])


def test_masked_secrets_become_variables_that_are_named_first(commands: subprocess.Popen[str]) -> None:
    command = command_of(
        commands,
        method="POST",
        path=f"/a/{HASH}/b",
        request_headers={"authorization": f"Bearer {HASH}", "ad-service-token": HASH, "content-type": "text/plain"},
        request_body=f"client_id=me\n&client_secret={HASH}&other={HASH}",
    )
    assert command.startswith("# set first: ACCESS_TOKEN, AD_SERVICE_TOKEN, CLIENT_SECRET, SECRET\n")
    assert HASH not in command
    given_ = {"ACCESS_TOKEN": "a'b $c", "AD_SERVICE_TOKEN": "x  y", "CLIENT_SECRET": "`id`", "SECRET": "s"}
    found = arguments(command, **given_)
    assert values(found, "--header") == [
        "authorization: Bearer a'b $c",
        "ad-service-token: x  y",
        "content-type: text/plain",
    ]
    assert values(found, "--data-raw") == ["client_id=me\n&client_secret=`id`&other=s"]
    assert f"{ADDRESS}/a/s/b" in found


def test_a_variable_in_a_literal_text_is_not_asked_for(commands: subprocess.Popen[str]) -> None:
    assert command_of(commands, request_body='"$HOME"', method="POST").startswith("curl ")


def test_what_the_command_lacks_is_said(commands: subprocess.Popen[str]) -> None:
    part = command_of(commands, method="POST", request_body="a\0b", lacks=["request_body"])
    assert "# the NUL characters of the body are left out" in part
    assert "# the journal has only a part of the body" in part
    assert values(arguments(part), "--data-raw") == ["ab"]
