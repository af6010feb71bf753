"""The command `pass-conformance audit` on synthetic traces."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from breakers import BREAKERS
from click.testing import CliRunner
from conformance_traces import Trace

from pass_harness.conformance.cli.main import main
from pass_harness.mock_server.exchange import Exchange


@dataclass(frozen=True)
class Audited:
    code: int
    out: str
    err: str

    @property
    def report(self) -> dict[str, Any]:
        made: dict[str, Any] = json.loads(self.out)
        return made

    def rule(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = next(rule for rule in self.report["rules"] if rule["id"] == name)
        return found


def write(trace: Trace, file: Path) -> Path:
    exchanges = [seen for seen in trace.observations if isinstance(seen, Exchange)]
    file.write_bytes(b"\n".join(msgspec.json.encode(exchange) for exchange in exchanges))
    return file


def broken(rule: str, folder: Path) -> Path:
    """Return a trace that violates the rule."""
    return write(BREAKERS[rule](), folder / f"{rule}.jsonl")


def audit(*arguments: str | Path, form: str = "json") -> Audited:
    return invoke("audit", "--format", form, *arguments)


def invoke(*arguments: str | Path) -> Audited:
    words: Sequence[str] = [str(argument) for argument in arguments]
    done = CliRunner().invoke(main, words)
    return Audited(done.exit_code, done.stdout, done.stderr)
