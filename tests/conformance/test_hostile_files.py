"""Hostile traces and documents: oversized or unreadable input is an error with a position."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from datetime import date
from pathlib import Path

import msgspec
import pytest
from audit_command import audit
from breakers import BREAKERS

from pass_harness.conformance.errors import ConfigError
from pass_harness.conformance.evaluation import waivers
from pass_harness.conformance.printable import printable, printable_lines
from pass_harness.conformance.readers import jsonl
from pass_harness.conformance.reports import baseline
from pass_harness.conformance.reports.formats import FORMS
from pass_harness.conformance.service_toml import service_config
from pass_harness.load import event, slo
from pass_harness.mock_server.config import loading as config
from pass_harness.mock_server.exchange import Exchange
from pass_harness.mock_server.formats.printable import printable_block, shortened
from pass_harness.mock_server.openapi.document_reader import UnreadableDocument, read_document

DEEP = {
    "arrays": "[" * 50_000 + "]" * 50_000,
    "objects": '{"resources":' * 20_000 + "1" + "}" * 20_000,
    "no end": '{"code":' * 20_000,
    "digits": '{"notAfter":' + "9" * 20_000 + "}",
    "half a character": '{"code":"\\ud800","decisions":[{"authorized":1e400}]}',
}


@pytest.mark.parametrize("body", DEEP.values(), ids=DEEP)
def test_oversized_bodies_are_judged_and_reported(tmp_path: Path, body: str) -> None:
    trace = tmp_path / "trace.jsonl"
    with trace.open("wb") as file:
        for rule in ("authentication.poll-interval", "preauthorization.batch-limit", "authorization.retry-bounded"):
            for seen in BREAKERS[rule]().observations:
                if isinstance(seen, Exchange):
                    changed = msgspec.structs.replace(seen, request_body=body, response_body=body)
                    file.write(msgspec.json.encode(changed) + b"\n")
    for form in FORMS:
        done = audit(trace, form=form)
        assert done.code in {0, 1, 3}
        assert done.out


def test_an_endless_line_is_not_buffered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jsonl, "MOST", 1 << 20)
    trace = tmp_path / "trace.jsonl"
    with gzip.open(trace, "wb") as file:
        for _ in range(50):
            file.write(b" " * (1 << 20))
    assert trace.stat().st_size < 100_000
    with pytest.raises(ConfigError, match=r"trace\.jsonl:1: has more than 1048576 bytes"):
        list(jsonl.read_jsonl(trace))


def test_a_too_deeply_nested_baseline_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    file.write_bytes(b'{"verdict":"passed","more":' + b"[" * 50_000)
    with pytest.raises(ConfigError, match=r"report\.json: is not a report"):
        baseline.load(file)


TOML = {
    "arrays in arrays": "a = " + "[" * 20_000,
    "tables in tables": "a = " + "{a=" * 20_000,
    "keys of keys": ".".join("a" * 2_000) + " = 1",
    "names of tables": "[" + ".".join("a" * 2_000) + "]\n",
    "digits": "a = " + "9" * 20_000,
}


@pytest.mark.parametrize("text", TOML.values(), ids=TOML)
@pytest.mark.parametrize("kind", ["service", "event", "slo", "waivers", "mock"])
def test_hostile_toml_is_an_error_of_one_sentence(tmp_path: Path, kind: str, text: str) -> None:
    file = tmp_path / f"{kind}.toml"
    file.write_text(text)
    reads: dict[str, Callable[[Path], object]] = {
        "service": service_config.load,
        "event": event.load,
        "slo": slo.load,
        "waivers": lambda path: waivers.load(path, (), today=date(2026, 1, 1)),
        "mock": config.load_settings,
    }
    with pytest.raises(ConfigError) as raised:
        reads[kind](file)
    assert str(raised.value).startswith(str(file))


YAML = {
    "aliases of aliases": "x0: &x0 [1, 1]\n"
    + "".join(f"x{n}: &x{n} [{', '.join([f'*x{n - 1}'] * 9)}]\n" for n in range(1, 12)),
    "an alias of itself": "x: &x [*x]",
    "lists in lists": "x: " + "[" * 3_000,
    "digits": "x: " + "9" * 20_000,
    "an object of Python's": "x: !!python/object/apply:os.system ['true']",
    "a key that is a list": "? [a]\n: 1",
    "no text": "x: \x00",
}


@pytest.mark.parametrize("text", YAML.values(), ids=YAML)
def test_hostile_yaml_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "openapi.yaml"
    file.write_text(f"openapi: 3.0.0\npaths: {{}}\n{text}\n")
    with pytest.raises(UnreadableDocument, match="is not an OpenAPI 3 document"):
        read_document(file)


@pytest.mark.parametrize(
    "obeyed",
    [
        *("\x1b[2J", "\x1b]0;title\x07", "\r", "\n", "\x9b31m", "\x00", "\x7f", "\ufeff", "\ud800"),
        *("\u202e", "\u2066", "\u2028", "\u200f", "\u061c", "\U000e0041"),
    ],
)
def test_terminal_control_sequences_are_not_printed(obeyed: str) -> None:
    shown = printable(f"a{obeyed}b")
    assert obeyed[0] not in shown
    number = ord(obeyed[0])
    escape = f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"
    assert shown.startswith(f"a{escape}")
    assert shown.endswith("b")
    assert printable_lines("a\nb") == "a\nb"
    assert printable("Süßwaren-Fernsehen \N{TELEVISION}") == "Süßwaren-Fernsehen \N{TELEVISION}"


def test_a_body_keeps_its_lines_and_nothing_else_that_a_terminal_obeys() -> None:
    assert printable_block("a\r\n\tb\rc\u202e\x1b\n") == "a\r\n\tb\\x0dc\\u202e\\x1b\n"


def test_a_long_text_keeps_both_ends() -> None:
    assert shortened("x" * 100, 100) == "x" * 100
    assert shortened("a" + "x" * 1_000 + "z", 100) == "a" + "x" * 66 + "…(902 more characters)…" + "x" * 32 + "z"
