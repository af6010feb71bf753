"""The ledger of facts: what Adobe's pages say about the behaviour of its servers (facts/*.toml).

Each fact names the tests that fail if the mock behaves otherwise, or the reason why there are none: the mock does not
do it yet (``missing``), does it without a test (``untested``), or cannot or need not do it (``not_simulated``).
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
    missing: str | None = None
    untested: str | None = None
    not_simulated: str | None = None

    def __post_init__(self) -> None:
        reasons = [name for name in ("missing", "untested", "not_simulated") if getattr(self, name)]
        if len(reasons) + bool(self.tests) != 1:
            raise ValueError(f"needs tests, missing, untested or not_simulated, and only one of them: {self.says}")

    @property
    def status(self) -> str:
        return next((name for name in ("missing", "untested", "not_simulated") if getattr(self, name)), "tested")

    @property
    def reason(self) -> str | None:
        return self.missing or self.untested or self.not_simulated


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
