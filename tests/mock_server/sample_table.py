"""The table of Adobe's samples in the docs: ``python -m tests.mock_server.sample_table`` writes it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from tests.mock_server.sample_bench import Page, Sample, read_pages
from tests.mock_server.sample_pattern import ADDED, OPEN

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "samples.md"
_GUIDE = "https://experienceleague.adobe.com/en/docs/pass/authentication/integration-guide-programmers"


def render(pages: Mapping[str, Page]) -> str:
    """The page, in Markdown."""
    samples = [sample for page in pages.values() for sample in page.samples]
    counts = Counter(map(_outcome, samples))
    return "\n".join(
        [
            "# Adobe's samples",
            "",
            "Every response sample of Adobe's DCR and REST API V2 pages, of its 429 and of its error codes, tried on",
            "the mock by the tests: status, content type, members, types and fixed values are those of the sample.",
            "`python -m tests.mock_server.sample_table` makes this page from the data of the tests.",
            "",
            f"{len(samples)} samples: {counts['reproduced']} reproduced, {counts['departs']} where the mock departs",
            "from a value of the sample, for the reason named.",
            "Of the requests, those that cannot be sent as they stand are mended: tokens that are cut off,",
            "placeholders, codes, swapped paths. X-Device-Info is sent as it stands, although nobody can read it.",
            "",
            "All samples alike:",
            "",
            *(f"- `{name[1:]}`: more than some samples show, for {reason}." for name, reason in ADDED.items()),
            *(f"- `{name}`: may hold more than the sample, for {reason}." for name, reason in OPEN.items()),
            "",
            "| page | sample | outcome | notes |",
            "|---|---|---|---|",
            *(_row(name, page, sample) for name, page in pages.items() for sample in page.samples),
            "",
        ]
    )


def _outcome(sample: Sample) -> str:
    return "departs" if sample.departs else "reproduced"


def _row(name: str, page: Page, sample: Sample) -> str:
    notes = {"departs": sample.departs, "request mended": sample.mended, "sample repaired": sample.repaired}
    text = "; ".join(f"{title}: {note}" for title, note in notes.items() if note)
    return f"| [{name}]({_GUIDE}/{page.source}) | {sample.place} | {_outcome(sample)} | {text} |"


if __name__ == "__main__":
    PAGE.write_text(render(read_pages()), "utf-8")
