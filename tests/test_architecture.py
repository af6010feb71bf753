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


def test_the_domain_knows_no_http() -> None:
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in modules("mock_server/domain", "mock_server/store")
        for name in imported(ast.parse(path.read_text("utf-8")))
        if name.split(".")[0] in {"starlette", "uvicorn", "httpx"}
    ]
    assert wrong == []


def test_rules_see_observations_alone() -> None:
    """A rule does no I/O: of the mock it knows what an exchange is, and nothing of drivers or scenarios."""
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in modules("conformance/rules", "conformance/facts")
        for name in imported(ast.parse(path.read_text("utf-8")))
        if name.split(".")[0] in {"httpx", "asyncio", "socket", "os", "pathlib", "starlette", "click", "rich"}
        or name.startswith(("conformance.drivers", "conformance.scenarios", "conformance.runner"))
    ]
    assert wrong == []


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
