"""The examples of the docs are valid: commands have their options, files load, code parses.

``test_examples_run``, ``test_how_to`` and the tests of the CI examples also run the fast ones.
"""

from __future__ import annotations

import json
import shlex
import subprocess
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import click
import pytest
import tree_sitter_go
import tree_sitter_java
import tree_sitter_javascript
import yaml
from snippets import PAGES, ROOT, Snippet, all_snippets, named_commands
from tree_sitter import Language, Parser

from docs.tooling.reference import COMMANDS
from pass_harness.conformance.evaluation import waivers
from pass_harness.conformance.registry import all_rules
from pass_harness.conformance.service_toml import service_config
from pass_harness.load import event, slo
from pass_harness.mock_server.config.loading import load_settings

OUTPUT = {"text"}
SYNTAX = {"go": tree_sitter_go, "java": tree_sitter_java, "js": tree_sitter_javascript}


def ids(value: object) -> str:
    return str(value)


def test_every_example_has_a_language() -> None:
    known = OUTPUT | set(SYNTAX) | {"sh", "toml", "json", "yaml", "python", "dockerfile"}
    drawings = [ROOT / "ARCHITECTURE.md"]
    unknown = [
        snippet for snippet in all_snippets() if snippet.language not in known and snippet.page not in drawings
    ]
    assert [f"{snippet}: {snippet.language or 'none'}" for snippet in unknown] == []


@pytest.mark.slow
@pytest.mark.parametrize("snippet", all_snippets("sh"), ids=ids)
def test_shell_examples_parse(snippet: Snippet) -> None:
    syntax = subprocess.run(["bash", "-n"], input=snippet.text, capture_output=True, text=True, check=False)
    assert syntax.stderr == ""


@pytest.mark.parametrize("snippet", all_snippets("sh"), ids=ids)
def test_commands_and_their_options_exist(snippet: Snippet) -> None:
    for words in commands(snippet.text):
        check(words)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_in_prose_exist(page: Path) -> None:
    for line in named_commands(page):
        for words in commands(line):
            check(words)


@pytest.mark.parametrize("line", ["pass-mock serv", "pass-mock serve --prot 1", "pass-load run --evnt kickoff"])
def test_a_wrong_command_is_detected(line: str) -> None:
    with pytest.raises(AssertionError):
        check(line.split())


@pytest.mark.parametrize("snippet", all_snippets("toml"), ids=ids)
def test_files_load(snippet: Snippet, tmp_path: Path) -> None:
    file = tmp_path / "example.toml"
    load = loader(snippet.text)
    file.write_text(completed(snippet.text) if load is service_config.load else snippet.text, "utf-8")
    load(file)


@pytest.mark.parametrize("snippet", all_snippets("json", "yaml"), ids=ids)
def test_data_parses(snippet: Snippet) -> None:
    assert json.loads(snippet.text) if snippet.language == "json" else yaml.safe_load(snippet.text)


@pytest.mark.parametrize("snippet", all_snippets("python"), ids=ids)
def test_python_examples_parse(snippet: Snippet) -> None:
    compile(snippet.text, str(snippet), "exec")


@pytest.mark.parametrize("snippet", all_snippets(*SYNTAX), ids=ids)
def test_other_languages_parse(snippet: Snippet) -> None:
    parser = Parser(Language(SYNTAX[snippet.language].language()))
    assert not parser.parse(snippet.text.encode()).root_node.has_error


def commands(text: str) -> Iterator[list[str]]:
    """Yield the simple commands of a shell script word by word, with their redirections."""
    lexer = shlex.shlex(text.replace("\\\n", " "), posix=True, punctuation_chars=";|&()<>\n")
    lexer.whitespace = " \t\r"
    words: list[str] = []
    for word in lexer:
        if set(word) <= set(";|&()\n"):
            yield words
            words = []
        else:
            words.append(word)
    yield words


def check(words: list[str]) -> None:
    """Assert that a command of this package and its options exist."""
    line = " ".join(words)
    name = next((name for name in COMMANDS if f"{line} ".startswith(f"{name} ")), None)
    if name is None:
        assert not line.startswith("pass-"), f"there is no command {line}"
        return
    command: click.Command = COMMANDS[name]
    rest = line.removeprefix(name).split()
    while isinstance(command, click.Group) and rest and not rest[0].startswith("-"):
        below = command.get_command(click.Context(command), rest[0])
        assert below is not None, f"{line}: there is no {rest[0]}"
        command, rest = below, rest[1:]
    known = {option for parameter in command.params for option in parameter.opts} | {"--help", "-h"}
    named = {word.partition("=")[0] for word in rest if word.startswith("--") and word != "--"}
    assert named <= known, f"{line}: there is no {', '.join(sorted(named - known))}"


def loader(text: str) -> Callable[[Path], Any]:
    """Return the reader of a file with these tables."""
    if "[[waivers]]" in text:
        known = [rule.card.id for rule in all_rules()]
        return lambda file: waivers.load(file, known, today=date(2026, 1, 1))
    if "[event]" in text:
        return event.load
    if "[slo]" in text:
        return slo.load
    if any(table in text for table in ("[service]", "[verbs.", "[states]")):
        return service_config.load
    return load_settings


def completed(text: str) -> str:
    """Return an excerpt of a service.toml, completed to a valid file."""
    before = "" if "[service]" in text else '[service]\nbase_url = "http://127.0.0.1:9000"\n'
    carried = any(way in text for way in ("[verbs.", "driver =", "command ="))
    return before + text + ("" if carried else '[verbs.start]\nrequest = "POST /start"\n')
