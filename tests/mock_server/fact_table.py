"""Writes docs/reference/facts.md, the ledger of facts: ``python -m tests.mock_server.fact_table``."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from tests.mock_server.fact_ledger import Fact, address, read_facts

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "facts.md"
_HEAD = """# Facts of the mock

What Adobe's pages say about the behaviour of its servers, beyond their [samples](samples.md): each fact in our
words, and the tests that fail if the mock behaves otherwise. `python -m tests.mock_server.fact_table` generates this
page from the data of the tests.

{total} facts: {tested} tested, and {not_simulated} that the mock does not simulate, for the stated reason.

## By page

| page | tested | not simulated |
|---|---|---|
{pages}
"""


def render(facts: Sequence[Fact]) -> str:
    """Return the page in Markdown; ``facts`` are sorted by page."""
    by_page = {page: list(found) for page, found in groupby(facts, key=lambda fact: fact.page)}
    tested = _tested(facts)
    head = _HEAD.format(
        total=len(facts),
        tested=tested,
        not_simulated=len(facts) - tested,
        pages="\n".join(_row(page, of_page) for page, of_page in by_page.items()),
    )
    return head + "".join(_section(page, of_page) for page, of_page in by_page.items())


def _name(page: str) -> str:
    return page.rpartition("/")[2]


def _tested(facts: Sequence[Fact]) -> int:
    return sum(bool(fact.tests) for fact in facts)


def _row(page: str, facts: Sequence[Fact]) -> str:
    tested = _tested(facts)
    return f"| [{_name(page)}](#{_name(page)}) | {tested} | {len(facts) - tested} |"


def _section(page: str, facts: Sequence[Fact]) -> str:
    rows = "\n".join(f"| {_cell(fact.says)} | {_place(fact)} | {_proof(fact)} |" for fact in facts)
    return f"\n## {_name(page)}\n\n| fact | place | test |\n|---|---|---|\n{rows}\n"


def _place(fact: Fact) -> str:
    name = fact.anchor.replace("-", " ") or "beginning"
    return f"[{name}]({address(f'{fact.page}#{fact.anchor}')})"


def _proof(fact: Fact) -> str:
    if fact.tests:
        return "<br>".join(f"`{test.removesuffix('.py').replace('.py::', '::')}`" for test in fact.tests)
    return f"not simulated: {_cell(fact.not_simulated or '')}"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;").replace("\n", " ")


if __name__ == "__main__":
    PAGE.write_text(render(read_facts()), "utf-8")
