"""The table of Adobe's samples in the docs: ``python -m tests.mock_server.sample_table`` writes it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from tests.mock_server.sample_bench import Page, Sample, read_pages
from tests.mock_server.sample_pattern import ADDED, OPEN

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "samples.md"
_GUIDE = "https://experienceleague.adobe.com/en/docs/pass/authentication/integration-guide-programmers"


_HEAD = """# Adobe's samples

Every response sample of Adobe's DCR and REST API V2 pages, of its 429 and of its error codes, tried on the mock by
the tests: status, content type, members, types and fixed values are those of the sample. Tokens, identifiers and
times differ. `python -m tests.mock_server.sample_table` makes this page from the data of the tests.

{count} samples: {reproduced} reproduced, {departs} where the mock departs from a value, for the reason named.

Requests that cannot be sent as they stand are mended, answers whose text is broken are repaired, and the table says
how. X-Device-Info is sent as it stands, although it is Base64 of something that lacks a comma to be JSON.

Of all samples alike:

{exceptions}
"""


def render(pages: Mapping[str, Page]) -> str:
    """The page, in Markdown."""
    outcomes = Counter(_outcome(sample) for page in pages.values() for sample in page.samples)
    exceptions = [
        f"- `{name[1:]}` is there although some samples lack it: {reason}." for name, reason in ADDED.items()
    ]
    exceptions += [f"- `{name}` may hold more than the sample shows: {reason}." for name, reason in OPEN.items()]
    head = _HEAD.format(count=outcomes.total(), **outcomes, exceptions="\n".join(exceptions))
    return head + "".join(_section(name, page) for name, page in pages.items())


def _section(name: str, page: Page) -> str:
    rows = "\n".join(f"| {sample.place} | {_outcome(sample)} | {_notes(sample)} |" for sample in page.samples)
    return f"\n## [{name}]({_GUIDE}/{page.source})\n\n| sample | outcome | notes |\n|---|---|---|\n{rows}\n"


def _outcome(sample: Sample) -> str:
    return "departs" if sample.departs else "reproduced"


def _notes(sample: Sample) -> str:
    notes = {"departs": sample.departs, "request mended": sample.mended, "answer repaired": sample.repaired}
    return "; ".join(f"{title}: {note}" for title, note in notes.items() if note)


if __name__ == "__main__":
    PAGE.write_text(render(read_pages()), "utf-8")
