"""ARCHITECTURE.md, enforced: who may import whom, and who may look at a clock."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MAY_IMPORT = {
    "fixtures": {"fixtures"},
    "mock_server": {"fixtures", "mock_server"},
    "conformance": {"fixtures", "mock_server", "conformance"},
    "load": {"fixtures", "mock_server", "conformance", "load"},
}
AMBIENT = {
    "time": {"time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns", "sleep"},
    "datetime": {"now", "utcnow", "today"},
    "date": {"today"},
    "asyncio": {"sleep"},
}


def modules(*folders: str) -> Iterator[Path]:
    for folder in folders:
        yield from sorted((ROOT / folder).rglob("*.py"))


def imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def ambient_time(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            if node.attr in AMBIENT.get(node.value.id, ()):
                yield f"line {node.lineno}: {node.value.id}.{node.attr}"
        elif isinstance(node, ast.ImportFrom) and node.module in AMBIENT:
            names = {alias.name for alias in node.names} & AMBIENT[node.module]
            yield from (f"line {node.lineno}: from {node.module} import {name}" for name in sorted(names))


@pytest.mark.parametrize("folder", MAY_IMPORT)
def test_folders_import_only_leftwards(folder: str) -> None:
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in modules(folder)
        for name in imported(ast.parse(path.read_text("utf-8")))
        if name.split(".")[0] in set(MAY_IMPORT) - MAY_IMPORT[folder]
    ]
    assert wrong == []


HTTP = {"starlette", "uvicorn", "httptools", "httpx"}
IO = {*HTTP, "asyncio", "socket", "os", "pathlib", "click", "rich"}
KNOWS = {
    "mock_server/domain": (
        *("catalogue", "domain", "errors", "ids", "keys", "media_tokens", "store", "tokens", "vocabulary"),
    ),
    "mock_server/store": ("clock", "durations", "extras", "masking", "store"),
    "mock_server/endpoints": (
        *("call", "catalogue", "devices", "domain", "endpoints", "errors", "headers", "media_tokens", "pages"),
        *("parameters", "partner", "vocabulary", "wire"),
    ),
    "mock_server/pages": ("catalogue", "domain"),
    "mock_server/dashboard": (),
    "conformance/rules": ("citations", "facts", "observation", "rule"),
    "conformance/facts": ("facts", "observation", "rule"),
}
"""What a folder may import of its own package."""
KNOWS_NOT = {
    "mock_server/control": ("call", "endpoints", "gateway", "proxy", "app", "server", "routes"),
    "conformance/reports": ("drivers", "readers", "scenarios", "runner"),
    "conformance/readers": ("rules", "reports", "drivers", "scenarios"),
    "conformance/drivers": ("rules", "readers", "reports", "scenarios"),
    "conformance/scenarios": ("rules", "readers"),
}
WITHOUT = {
    "mock_server/domain": HTTP,
    "mock_server/store": HTTP,
    "conformance/rules": IO,
    "conformance/facts": IO,
    "conformance/reports": HTTP | {"asyncio", "socket"},
}
"""Libraries that have no business in a folder."""


def parts_known(folder: str) -> Iterator[tuple[Path, str]]:
    """What the modules of a folder import of their own package, by its first level."""
    package = folder.split("/", maxsplit=1)[0]
    for path in modules(folder):
        tree = ast.parse(path.read_text("utf-8"))
        for name in imported(tree):
            if name.startswith(f"{package}."):
                yield path.relative_to(ROOT), name.split(".")[1]


@pytest.mark.parametrize("folder", KNOWS)
def test_a_part_knows_no_more_than_it_may(folder: str) -> None:
    assert [found for found in parts_known(folder) if found[1] not in KNOWS[folder]] == []


@pytest.mark.parametrize("folder", KNOWS_NOT)
def test_a_part_does_not_know_what_it_must_not(folder: str) -> None:
    assert [found for found in parts_known(folder) if found[1] in KNOWS_NOT[folder]] == []


@pytest.mark.parametrize("folder", WITHOUT)
def test_a_part_does_without(folder: str) -> None:
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in modules(folder)
        for name in imported(ast.parse(path.read_text("utf-8")))
        if name.split(".")[0] in WITHOUT[folder]
    ]
    assert wrong == []


def test_rules_know_of_the_mock_what_an_exchange_is_and_no_more() -> None:
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in modules("conformance/rules")
        for name in imported(ast.parse(path.read_text("utf-8")))
        if name.split(".")[0] in {"mock_server", "fixtures"} and not name.startswith("mock_server.exchange")
    ]
    assert wrong == []


def test_the_page_has_every_folder_that_is_held_to_it() -> None:
    page = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
    table = page[page.index("| folder |") : page.index("## A request through the mock")]
    named = {*MAY_IMPORT, *KNOWS, *KNOWS_NOT, *WITHOUT}
    assert [folder for folder in named if f"{folder.rpartition('/')[2]}/`" not in table] == []


def test_only_the_clock_reads_the_time() -> None:
    wrong = [
        f"{path.relative_to(ROOT)} {where}"
        for path in modules("mock_server", "conformance/rules", "conformance/facts")
        if path != ROOT / "mock_server" / "clock.py"
        for where in ambient_time(ast.parse(path.read_text("utf-8")))
    ]
    assert wrong == []


def test_the_check_finds_ambient_time() -> None:
    source = "import time\nfrom time import sleep\nfrom datetime import datetime\ntime.time()\ndatetime.now()\n"
    assert len(list(ambient_time(ast.parse(source)))) == 3


def test_no_module_is_longer_than_400_lines() -> None:
    long = [
        f"{path.relative_to(ROOT)} has {lines} lines"
        for path in modules(*MAY_IMPORT)
        if (lines := path.read_text("utf-8").count("\n")) > 400
    ]
    assert long == []
