"""Generator of the reference pages that consist of texts in the code: ``python -m docs.tooling.reference``.

``make reference`` writes these and all other generated pages; tests fail if a page is out of date.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import click
import msgspec

from docs.tooling import keys
from docs.tooling.rule_pages import PAGES as RULE_PAGES
from docs.tooling.rule_pages import anchor
from pass_harness.conformance.cli.main import main as pass_conformance
from pass_harness.conformance.registry import all_rules
from pass_harness.conformance.reports import evidence_scene, model, run
from pass_harness.conformance.reports.history import model as history
from pass_harness.conformance.reports.rule_listing import as_markdown
from pass_harness.conformance.scenarios import SCENARIOS
from pass_harness.conformance.scenarios.opportunities import opportunities
from pass_harness.fixtures.programmer_service.__main__ import main as programmer_service
from pass_harness.load.cli import main as pass_load
from pass_harness.mock_server.behaviours.presets import presets
from pass_harness.mock_server.cli.main import main as pass_mock
from pass_harness.mock_server.formats.json_schema import field_docstrings

DOCS = Path(__file__).parents[1]
COMMANDS = {
    "pass-mock": pass_mock,
    "pass-conformance": pass_conformance,
    "pass-load": pass_load,
    "python -m pass_harness.fixtures.programmer_service": programmer_service,
}
WIDTH = 100
_RULE = re.compile(r"^\| `(?P<id>[a-z]+\.[a-z0-9-]+)`", re.MULTILINE)
_JSON = {"str": "string", "int": "number", "float": "number", "bool": "true or false", "None": "null"}

_COMMANDS_HEAD = """# Commands

The output of `--help` for all commands. All commands use the same [exit codes](exit-codes.md). Machine-readable
formats go to stdout, all other output to stderr.
"""
_REPORT_HEAD = """# report.json

The members of `report.json`. `--format json` prints the same object to stdout. `pass-conformance schema` prints the
[JSON Schema](../../conformance/reports/report.schema.json). The format is backward compatible: new versions add
members, and never rename or remove them. [Reports](reports.md#verdicts) explains the verdicts.

Members with a default may be absent in the objects of a scene.
"""
_SCENARIOS_HEAD = """# Scenarios

`pass-conformance run` and `demo` play these scenarios, each on a device of its own that the service has not seen
before. Most run concurrently; those marked *alone* affect the whole service and follow one after the other.
`--scenario ID` plays only some. `--select RULE` plays only those that give the rule opportunities; the report lists
the others.

- A scenario *passed* if its situation arose. The rules, not the scenarios, judge what the service did in it.
- It *failed* if its situation did not arise, and was *skipped* if the service or the setup does not offer it. The
  note says what did not happen, which requests came instead, and what the service answered last.
- Waits and lifetimes scale with the poll interval of the service, which the scenarios learn from its polls.
- If the mock lagged, so that rules are inconclusive, their scenarios are played again, once, without the others.

| scenario | what happens | needs | rules |
|---|---|---|---|
"""


def commands() -> str:
    """Return the page of commands."""
    return _COMMANDS_HEAD + "".join(
        f"\n{'##' if parent is None else '###'} {name}\n\n```text\n{text}\n```\n"
        for root, command in COMMANDS.items()
        for name, parent, text in _helps(root, command, None)
    )


def report_json() -> str:
    """Return the page of the members of report.json."""
    structs: list[type[msgspec.Struct]] = [
        model.Report,
        run.Run,
        run.StallReport,
        model.RuleReport,
        model.FindingReport,
        model.KindReport,
        model.ConsequenceReport,
    ]
    structs += [evidence_scene.SceneReport, evidence_scene.ExchangeReport, evidence_scene.VerbCallReport]
    structs += [model.ScenarioReport, model.Untestable, model.Waived, model.BaselineReport, model.EarlierFinding]
    structs += [history.HistoryReport, history.HistoryRun, history.FindingHistory, history.ObjectiveHistory]
    return _REPORT_HEAD + "".join(map(_members, structs))


def configuration() -> str:
    """Return the page of the configuration with a new table of presets."""
    rows = "".join(f"| `{name}` | {preset.about} |\n" for name, preset in presets().items())
    table = f"| preset | what happens |\n|---|---|\n{rows}"
    text = (DOCS / "reference" / "configuration.md").read_text("utf-8")
    return re.sub(r"\| preset \| what happens \|\n(?:\|.*\n)+", lambda _: table, text)


def rules() -> str:
    """Return the page of rules: the table that `pass-conformance rules` prints, with a link for each rule."""
    text = as_markdown(all_rules()) + "\n"
    return _RULE.sub(lambda row: f"| [`{row['id']}`]({anchor(row['id'])})", text)


def scenarios() -> str:
    """Return the page of scenarios, with the number of rules that each exercises."""
    return _SCENARIOS_HEAD + "".join(
        f"| `{one.id}`{' (alone)' if one.exclusive else ''} | {one.title} | {', '.join(sorted(one.needs))} | "
        f"{sum(one.id in row for row in opportunities().values())} |\n"
        for one in SCENARIOS
    )


PAGES: Mapping[str, Callable[[], str]] = {
    "commands.md": commands,
    "configuration.md": configuration,
    "keys.md": keys.page,
    "report-json.md": report_json,
    "rules.md": rules,
    "scenarios.md": scenarios,
    **RULE_PAGES,
}


def _helps(
    name: str, command: click.Command, parent: click.Context | None
) -> Iterator[tuple[str, click.Context | None, str]]:
    own = name if parent is None else name.rpartition(" ")[2]
    context = command.make_context(
        own, [], parent, resilient_parsing=True, max_content_width=WIDTH, terminal_width=WIDTH
    )
    yield name, parent, command.get_help(context)
    if isinstance(command, click.Group):
        for below in command.list_commands(context):
            found = command.get_command(context, below)
            assert found is not None  # noqa: S101 (click lists existing commands)
            yield from _helps(f"{name} {below}", found, context)


def _members(struct: type[msgspec.Struct]) -> str:
    meanings = field_docstrings(struct)
    lines = [f"\n## {struct.__name__}\n", f"{_line(inspect.getdoc(struct) or '')}\n"]
    lines += ["| member | type | default | meaning |", "|---|---|---|---|"]
    for field in msgspec.structs.fields(struct):
        kind = _type(struct.__annotations__[field.name])
        lines.append(
            f"| `{field.encode_name}` | {kind} | {_default(field)} | {_line(meanings.get(field.name, ''))} |"
        )
    return "\n".join((*lines, ""))


def _type(annotation: str) -> str:
    """Return a Python type in JSON terms, with links to the other objects."""
    if annotation.startswith("list[") and annotation.endswith("]"):
        return f"list of {_type(annotation[5:-1])}"
    if " | " in annotation:
        return " or ".join(map(_type, annotation.split(" | ")))
    if annotation.startswith("dict[str, "):
        return f"object of {_type(annotation[10:-1])}"
    return _JSON.get(annotation) or f"[{annotation}](#{annotation.lower()})"


def _default(field: msgspec.structs.FieldInfo) -> str:
    if field.required:
        return "(required)"
    default = field.default if field.default is not msgspec.NODEFAULT else field.default_factory()
    return "" if isinstance(default, msgspec.Struct) else f"`{msgspec.json.encode(default).decode()}`"


def _line(text: str) -> str:
    """Return a docstring as one line of Markdown; double backticks (reStructuredText) become single ones."""
    return " ".join(text.split()).replace("``", "`").replace("|", "\\|")


if __name__ == "__main__":
    for name, page in PAGES.items():
        (DOCS / "reference" / name).parent.mkdir(exist_ok=True)
        (DOCS / "reference" / name).write_text(page(), "utf-8")
        sys.stderr.write(f"docs/reference/{name}\n")
