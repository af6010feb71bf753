"""The examples of the docs as data."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

ROOT = Path(__file__).parents[2]
PAGES = sorted({*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")})
_FENCE = re.compile(r"^(?P<indent> *)```(?P<language>\S*)\n(?P<text>.*?)^(?P=indent)```$", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Snippet:
    """An example on a page, with its first line number."""

    page: Path
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def snippets(page: Path) -> Iterator[Snippet]:
    text = page.read_text("utf-8")
    for fence in _FENCE.finditer(text):
        line = text.count("\n", 0, fence.start()) + 2
        yield Snippet(page, line, fence["language"], dedent(fence["text"]))


def all_snippets(*languages: str) -> list[Snippet]:
    """Return the examples of all pages, or those in some languages."""
    found = [snippet for page in PAGES for snippet in snippets(page)]
    return [snippet for snippet in found if not languages or snippet.language in languages]


def named_commands(page: Path) -> list[str]:
    """Return the commands of this package that the prose of a page names between backticks."""
    prose = _FENCE.sub("", page.read_text("utf-8"))
    return re.findall(r"(?<!`)`((?:pass-(?:mock|conformance|load)|python -m fixtures\.\w+) [^`]+)`(?!`)", prose)
