"""ARCHITECTURE.md, enforced: allowed imports between packages, and access to the system clock."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
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
        if name.split(".")[0] in MAY_IMPORT
        or (name.startswith("pass_harness.") and name.split(".")[1] not in MAY_IMPORT[folder])
    ]
    assert wrong == []


HTTP = {"starlette", "uvicorn", "httptools", "httpx"}
IO = {*HTTP, "asyncio", "socket", "os", "pathlib", "click", "rich"}
WITHOUT = {
    "mock_server/domain": HTTP,
    "mock_server/store": HTTP,
    "conformance/rules": IO,
    "conformance/facts": IO,
    "conformance/reports": HTTP | {"asyncio", "socket"},
}
"""Libraries that are forbidden in a folder."""


def layers(package: str) -> dict[str, tuple[int, set[str]]]:
    """Return the level of each part of a package and its allowed imports, as ARCHITECTURE.md lists them."""
    page = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
    heading = {"mock_server": "## Packages of the mock", "conformance": "## Packages of the suite"}[package]
    block = page[page.index(heading) :].split("```")[1].removeprefix("text\n")
    rows = (line.split() for line in block.splitlines())
    return {part: (int(level), set(uses)) for level, part, *uses in rows}


def uses(package: str) -> Iterator[tuple[str, str, str]]:
    """Yield the module, its own part, and the imported part, for each import between parts of a package."""
    for path in modules(package):
        own = path.relative_to(ROOT / package).with_suffix("").parts[0]
        for name in imported(ast.parse(path.read_text("utf-8"))):
            parts = name.split(".")
            if parts[:2] == ["pass_harness", package] and len(parts) > 2 and parts[2] != own:
                yield str(path.relative_to(ROOT)), own, parts[2]


@pytest.mark.parametrize("package", ["mock_server", "conformance"])
def test_a_part_imports_only_the_parts_that_its_line_lists(package: str) -> None:
    table = layers(package)
    assert [use for use in uses(package) if use[2] not in table[use[1]][1]] == []


@pytest.mark.parametrize("package", ["mock_server", "conformance"])
def test_lines_list_only_actual_imports_of_lower_levels(package: str) -> None:
    table = layers(package)
    made = {(own, part) for _, own, part in uses(package)}
    listed = {(own, part) for own, (_, parts) in table.items() for part in parts}
    assert listed - made == set()
    assert [(own, part) for own, part in listed if table[part][0] >= table[own][0]] == []


@pytest.mark.parametrize("package", ["mock_server", "conformance"])
def test_every_part_has_its_line(package: str) -> None:
    parts = {path.relative_to(ROOT / package).with_suffix("").parts[0] for path in modules(package)}
    assert parts - {"__init__"} == set(layers(package))


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_modules_have_no_import_cycle(package: str) -> None:
    names = {dotted(path): path for path in modules(package)}
    imports = {
        name: {found for found in imported(ast.parse(path.read_text("utf-8"))) if found in names} - {name}
        for name, path in names.items()
    }
    # An import of a package for one of its modules counts as an import of that module.
    imports = {
        name: {found for found in each if not any(other.startswith(f"{found}.") for other in each)}
        for name, each in imports.items()
    }
    graph = TopologicalSorter(imports)
    try:
        graph.prepare()
    except CycleError as error:
        pytest.fail(f"circle: {' -> '.join(error.args[1])}")


def dotted(path: Path) -> str:
    """Return the dotted name under which a module of the repository is imported."""
    parts = ("pass_harness", *path.relative_to(ROOT).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@pytest.mark.parametrize("folder", WITHOUT)
def test_a_part_does_not_import_forbidden_libraries(folder: str) -> None:
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in modules(folder)
        for name in imported(ast.parse(path.read_text("utf-8")))
        if name.split(".")[0] in WITHOUT[folder]
    ]
    assert wrong == []


TRANSPORT: dict[str, set[str]] = {
    "mock_server/transport/connection.py": {"connection_of"},
    "mock_server/transport/write_coalescing.py": set(),
    "mock_server/transport/request.py": {"BodyLost", "BodyTooLarge", "Inbound", "inbound_of", "read_inbound"},
    "mock_server/transport/http_protocol.py": {"BoundedProtocol"},
    "mock_server/transport/raw_headers.py": {"by_name"},
}
"""The modules that may use undocumented names of the HTTP server, each with what the rest of the mock uses of it."""
DOCUMENTED = {"uvicorn": {"Config", "Server"}, "httptools": {"HttpResponseParser"}}
"""Names of the HTTP server that every module may use; others may change with any release."""


def server_internals(tree: ast.AST) -> Iterator[str]:
    """Yield the names of uvicorn and httptools that a module imports or reads, and that are not `DOCUMENTED`."""
    names = [*imported(tree)]
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            names.append(f"{node.value.id}.{node.attr}")
    for name in names:
        library, *parts = name.split(".")
        if library in DOCUMENTED and parts and parts[0] not in DOCUMENTED[library]:
            yield name


def test_only_the_transport_uses_the_internals_of_the_http_server() -> None:
    wrong = [
        f"{path.relative_to(ROOT)} uses {name}"
        for path in modules(*MAY_IMPORT, "docs", "tests")
        if str(path.relative_to(ROOT)) not in TRANSPORT
        for name in server_internals(ast.parse(path.read_text("utf-8")))
    ]
    assert wrong == []


def test_the_check_finds_internals_of_the_http_server() -> None:
    source = "import uvicorn.server\nfrom httptools import HttpRequestParser\nuvicorn.protocols\nuvicorn.Config\n"
    assert {*server_internals(ast.parse(source))} == {
        "uvicorn.server",
        "httptools.HttpRequestParser",
        "uvicorn.protocols",
    }


def test_the_mock_uses_few_names_of_the_transport() -> None:
    own = {dotted(ROOT / path) for path in TRANSPORT}
    used = {
        name
        for path in modules("mock_server")
        if str(path.relative_to(ROOT)) not in TRANSPORT
        for name in imported(ast.parse(path.read_text("utf-8")))
        if name.rpartition(".")[0] in own
    }
    assert used == {f"{dotted(ROOT / path)}.{name}" for path, names in TRANSPORT.items() for name in names}


def test_rules_know_of_the_mock_what_an_exchange_is_and_no_more() -> None:
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in modules("conformance/rules")
        for name in imported(ast.parse(path.read_text("utf-8")))
        if name.startswith(("pass_harness.mock_server", "pass_harness.fixtures"))
        and not name.startswith("pass_harness.mock_server.exchange")
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


def test_the_check_detects_ambient_time() -> None:
    source = "import time\nfrom time import sleep\nfrom datetime import datetime\ntime.time()\ndatetime.now()\n"
    assert len(list(ambient_time(ast.parse(source)))) == 3


def test_no_module_is_longer_than_400_lines() -> None:
    long = [
        f"{path.relative_to(ROOT)} has {lines} lines"
        for path in modules(*MAY_IMPORT)
        if (lines := path.read_text("utf-8").count("\n")) > 400
    ]
    assert long == []
