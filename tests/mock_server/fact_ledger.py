"""The ledger of facts: what Adobe's pages say about the behaviour of its servers (facts/*.toml).

Each fact names the tests that fail if the mock behaves otherwise, or the reason why the mock does not simulate it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

FOLDER = Path(__file__).parent / "facts"
GUIDE = "https://experienceleague.adobe.com/en/docs/pass/authentication"


class Fact(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A fact in our words, and its places on Adobe's pages."""

    page: str
    """Path below Adobe's integration guide for programmers; a path with a leading slash is below the whole guide."""
    anchor: str
    says: str
    also: tuple[str, ...] = ()
    """Other places that state it, as ``page#anchor``."""
    tests: tuple[str, ...] = ()
    """``file.py::function`` in this folder."""
    not_simulated: str | None = None
    """The reason."""

    def __post_init__(self) -> None:
        if bool(self.tests) == bool(self.not_simulated):
            raise ValueError(f"needs tests or not_simulated, and only one of them: {self.says}")


def read_facts() -> list[Fact]:
    """Return all facts by page and, on a page, in the order of the ledger."""
    facts = [
        fact
        for path in sorted(FOLDER.glob("*.toml"))
        for fact in msgspec.toml.decode(path.read_bytes(), type=dict[str, list[Fact]])["fact"]
    ]
    return sorted(facts, key=lambda fact: fact.page)


def address(place: str) -> str:
    """Return the address of a page, with or without an anchor, on Adobe's site."""
    below = place if place.startswith("/") else f"/integration-guide-programmers/{place}"
    return GUIDE + below.removesuffix("#")


def known_tests(folder: Path) -> Mapping[str, Sequence[str]]:
    """Return the names of the test functions, and of state machines, in each test file of a folder."""
    return {path.name: [*_names(ast.parse(path.read_text("utf-8")))] for path in folder.glob("test_*.py")}


def _names(module: ast.Module) -> Iterator[str]:
    for node in ast.walk(module):
        match node:
            case (
                ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.Assign(targets=[ast.Name(id=name)])
            ):
                if name.lower().startswith("test"):
                    yield name
