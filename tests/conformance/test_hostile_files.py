"""Traces and documents of strangers: what would fill the memory, or cannot be read, is a mistake with a place."""

from __future__ import annotations

import gzip
from pathlib import Path

import msgspec
import pytest
from audited import audit
from breakers import BREAKERS

from conformance import baseline
from conformance.errors import ConfigError
from conformance.printable import printable, printable_lines
from conformance.readers import jsonl
from conformance.reports.documents import FORMS
from mock_server.exchange import Exchange

DEEP = {
    "arrays": "[" * 50_000 + "]" * 50_000,
    "objects": '{"resources":' * 20_000 + "1" + "}" * 20_000,
    "no end": '{"code":' * 20_000,
    "digits": '{"notAfter":' + "9" * 20_000 + "}",
    "half a character": '{"code":"\\ud800","decisions":[{"authorized":1e400}]}',
}


@pytest.mark.parametrize("body", DEEP.values(), ids=DEEP)
def test_bodies_beyond_all_measure_are_judged_and_reported(tmp_path: Path, body: str) -> None:
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


def test_a_line_without_an_end_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jsonl, "MOST", 1 << 20)
    trace = tmp_path / "trace.jsonl"
    with gzip.open(trace, "wb") as file:
        for _ in range(50):
            file.write(b" " * (1 << 20))
    assert trace.stat().st_size < 100_000
    with pytest.raises(ConfigError, match=r"trace\.jsonl:1: has more than 1048576 bytes"):
        list(jsonl.read_jsonl(trace))


def test_a_baseline_that_is_too_deep_is_a_mistake(tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    file.write_bytes(b'{"verdict":"passed","more":' + b"[" * 50_000)
    with pytest.raises(ConfigError, match=r"report\.json: is no report"):
        baseline.load(file)


@pytest.mark.parametrize(
    "obeyed", ["\x1b[2J", "\x1b]0;title\x07", "\r", "\n", "\x9b31m", "\u202e", "\u2066", "\u2028", "\x00", "\x7f"]
)
def test_what_a_terminal_would_obey_is_not_printed(obeyed: str) -> None:
    shown = printable(f"a{obeyed}b")
    assert obeyed[0] not in shown
    assert shown.startswith("a\N{REPLACEMENT CHARACTER}")
    assert shown.endswith("b")
    assert printable_lines("a\nb") == "a\nb"
    assert printable("Süßwaren-Fernsehen \N{TELEVISION}") == "Süßwaren-Fernsehen \N{TELEVISION}"
