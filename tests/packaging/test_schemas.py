"""The JSON Schemas for editors: up to date, valid for the samples, and as strict as the readers."""

from __future__ import annotations

import datetime
import platform
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import jsonschema_rs
import msgspec
import pytest
from click.testing import CliRunner
from write_schemas import MADE

from pass_harness.conformance.cli.main import main as pass_conformance
from pass_harness.conformance.evaluation import waivers
from pass_harness.conformance.service_toml import service_config
from pass_harness.load import event, slo
from pass_harness.load.cli import main as pass_load
from pass_harness.mock_server.cli.main import main as pass_mock
from pass_harness.mock_server.config.loading import load_settings
from pass_harness.mock_server.formats.usage_error import ConfigError

ROOT = Path(__file__).parent.parent.parent
REFERENCE = ROOT / "docs" / "reference"
PAGE = (ROOT / "docs" / "how-to" / "editor.md").read_text("utf-8")
SCHEMA_LINE = re.findall(r"#:schema \S+", PAGE)[0]
SCHEMAS = {path.name.removesuffix(".schema.json"): path for path in MADE}
READERS: dict[str, Callable[[Path], object]] = {
    "event": event.load,
    "mock": load_settings,
    "service": service_config.load,
    "slo": slo.load,
    "waivers": lambda path: waivers.load(path, ["authentication.poll-interval"], today=datetime.date(2026, 1, 1)),
}
SMALL = {
    "event": """[event]
audience = 5
duration = "10s"
curve = "kickoff"
[[viewers]]
entrance = "temp-pass"
""",
    "mock": "",
    "service": """[service]
base_url = "http://127.0.0.1:9000"
[verbs.login]
request = "POST /login"
returns = { code = "$.code" }
""",
    "slo": '[slo]\np95 = "500ms"\n',
    "waivers": """[[waivers]]
rule = "authentication.poll-interval"
owner = "me@example.com"
reason = "old"
expires = 2027-03-31
""",
}
MISTAKES = [
    ("event", "[[viewers]]", "[[viewer]]"),
    ("event", 'curve = "kickoff"', 'curve = "kickof"'),
    ("event", "audience = 5", "audience = 0"),
    ("event", "audience = 5", ""),
    ("event", '"10s"', '"10 seconds"'),
    ("event", '"temp-pass"', '"door"'),
    ("event", "[[viewers]]", "[devices]\nabacus = 1\n[[viewers]]"),
    ("event", "[[viewers]]", '[[incidents]]\nat = "20s"\npreset = "mvpd-down"\n[[viewers]]'),
    ("event", "[[viewers]]", '[[incidents]]\nat = "+2s"\npreset = "mvpd-dawn"\n[[viewers]]'),
    ("event", "[[viewers]]", '[[incidents]]\nat = "+2s"\n[[viewers]]'),
    ("mock", "", "[liftimes]\n"),
    ("mock", "", "[lifetimes]\nsession = 5\n"),
    ("mock", "", "[[mvpds]]\nid = 'a'\n"),
    ("mock", "", "[[behaviours]]\neffect = { status = 200 }\n"),
    ("mock", "", "[[behaviours]]\neffect = {}\n"),
    ("mock", "", "[[behaviours]]\neffect = { status = 500, error = 'bad_request' }\n"),
    ("mock", "", "[[behaviours]]\neffect = { error = 'bad_reqest' }\n"),
    ("mock", "", "[[behaviours]]\neffect = { status = 500 }\nfro = '1m'\n"),
    ("mock", "", "[[behaviours]]\npreset = 'mvpd-dawn'\n"),
    ("mock", "", "throttle = { rate = 0 }\n"),
    ("mock", "", "[throttle]\nrat = 1\n"),
    ("mock", "", "strict = 'yes'\n"),
    ("mock", "", "catalogue = 'full'\n"),
    ("service", "[service]", "[servise]"),
    ("service", "[verbs.login]", "[verbs.logon]"),
    ("service", "code =", "cod ="),
    ("service", 'returns = { code = "$.code" }', ""),
    ("service", '"POST /login"', '"SEND /login"'),
    ("service", '"http://127.0.0.1:9000"', '"127.0.0.1:9000"'),
    ("service", "[verbs.login]", "instances = 0\n[verbs.login]"),
    ("slo", "[slo]", "[slos]"),
    ("slo", 'p95 = "500ms"', "error_share = 2"),
    ("slo", "[slo]", "[verbs.plai]"),
    ("waivers", "[[waivers]]", "[[waiver]]"),
    ("waivers", 'reason = "old"', ""),
    ("waivers", "2027-03-31", '"some day"'),
]


def valid(kind: str, text: str) -> bool:
    """Return True if a TOML text is valid by the schema; dates are strings, as editors read them."""
    schema = msgspec.json.decode(SCHEMAS[kind].read_bytes())
    return jsonschema_rs.Draft7Validator(schema, validate_formats=True).is_valid(
        msgspec.to_builtins(tomllib.loads(text))
    )


def blocks(page: str) -> list[str]:
    return re.findall(r"```toml\n(.*?)```", (REFERENCE / page).read_text("utf-8"), re.DOTALL)


def samples() -> Iterator[tuple[str, str]]:
    yield "mock", (ROOT / "fixtures" / "catalogue.toml").read_text("utf-8")
    yield "mock", "\n".join(blocks("configuration.md"))
    yield "service", (ROOT / "fixtures" / "programmer_service" / "service.toml").read_text("utf-8")
    for path in sorted((ROOT / "fixtures" / "drivers").glob("*.toml")):
        yield "service", path.read_text("utf-8")
    for path in sorted((ROOT / "load" / "events").glob("*.toml")):
        yield "event", path.read_text("utf-8")
    yield from (("waivers", block) for block in blocks("waivers.md"))
    yield from (("slo", block) for block in blocks("slo-toml.md"))
    yield from SMALL.items()


@pytest.mark.parametrize("path", MADE, ids=lambda path: path.name)
def test_the_published_schemas_are_up_to_date(path: Path) -> None:
    assert path.read_bytes() == MADE[path], "write them anew: python tests/packaging/write_schemas.py"


def test_every_published_schema_is_generated() -> None:
    assert {path for folder in ROOT.glob("*/schemas") for path in folder.glob("*.json")} == set(MADE)


@pytest.mark.parametrize("name", SCHEMAS)
def test_editors_can_use_the_schemas(name: str) -> None:
    schema: dict[str, Any] = msgspec.json.decode(SCHEMAS[name].read_bytes())
    assert schema["$schema"] == "http://json-schema.org/draft-07/schema#"
    assert jsonschema_rs.meta.is_valid(schema)
    assert '"$ref"' not in SCHEMAS[name].read_text("utf-8")


@pytest.mark.parametrize(("kind", "text"), [*samples()])
def test_the_samples_are_valid(kind: str, text: str) -> None:
    assert valid(kind, text)


@pytest.mark.parametrize("kind", READERS)
def test_the_readers_accept_the_small_samples(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "file.toml"
    path.write_text(SMALL[kind], "utf-8")
    READERS[kind](path)


@pytest.mark.parametrize(("kind", "right", "wrong"), MISTAKES)
def test_schema_and_reader_refuse_the_same_mistakes(kind: str, right: str, wrong: str, tmp_path: Path) -> None:
    text = SMALL[kind].replace(right, wrong) if right else wrong
    assert text != SMALL[kind]
    path = tmp_path / "file.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(ConfigError, match=r"file\.toml"):
        READERS[kind](path)
    assert not valid(kind, text)


@pytest.mark.slow
@pytest.mark.skipif(platform.machine() == "aarch64", reason="Taplo has no wheel for this machine")
@pytest.mark.parametrize("kind", READERS)
def test_the_documented_schema_line_works_in_an_editor(kind: str, tmp_path: Path) -> None:
    """Taplo checks TOML in most editors."""
    (tmp_path / "schemas").mkdir()
    (tmp_path / "schemas" / SCHEMAS[kind].name).write_bytes(SCHEMAS[kind].read_bytes())
    line = SCHEMA_LINE.replace("service", kind)
    file = tmp_path / "file.toml"
    codes = []
    for text in (SMALL[kind], f"{SMALL[kind]}\n[tabel]\n"):
        file.write_text(f"{line}\n{text}", "utf-8")
        command = [Path(sys.executable).with_name("taplo"), "check", file]
        codes.append(subprocess.run(command, cwd=tmp_path, capture_output=True, check=False).returncode)
    assert codes == [0, 1]


def test_keys_have_descriptions() -> None:
    """Editors show the description of a key."""
    mock = msgspec.json.decode(SCHEMAS["mock"].read_bytes())["properties"]
    assert mock["throttle"]["description"] == "Rate limit of each IP address (HTTP 429); `false` disables it."
    assert mock["lifetimes"]["properties"]["session"]["default"] == "30m"
    assert "PEM file" in mock["service_providers"]["items"]["properties"]["certificate"]["description"]
    service = msgspec.json.decode(SCHEMAS["service"].read_bytes())["properties"]
    assert service["verbs"]["properties"]["play"]["description"] == "The app says: play this resource"


@pytest.mark.parametrize(
    ("command", "names"),
    [
        (pass_mock, {"behaviour", "mock"}),
        (pass_conformance, {"history", "report", "service", "waivers"}),
        (pass_load, {"event", "slo"}),
    ],
)
def test_the_commands_print_and_write_them(command: click.Command, names: set[str], tmp_path: Path) -> None:
    done = CliRunner().invoke(command, ["schema", "--write", str(tmp_path / "schemas")])
    assert (done.exit_code, done.stdout) == (0, "")
    assert {path.name for path in (tmp_path / "schemas").iterdir()} == {f"{name}.schema.json" for name in names}
    for name in names:
        printed = CliRunner().invoke(command, ["schema", name]).stdout_bytes
        assert printed == (tmp_path / "schemas" / f"{name}.schema.json").read_bytes()
        assert name in {"history", "report"} or printed == SCHEMAS[name].read_bytes()


def test_an_unwritable_schema_is_an_error_of_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = CliRunner().invoke(pass_mock, ["schema", "--write", str(tmp_path / "file")])
    assert done.exit_code == 2
    assert "name another folder" in done.stderr
    assert CliRunner().invoke(pass_mock, ["schema"]).exit_code == 2
