"""Writes docs/reference/samples.md, the table of Adobe's samples: ``python -m tests.mock_server.sample_table``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from tests.mock_server.sample_pattern import ADDED, OPEN
from tests.mock_server.sample_requests import Page, Sample, read_pages

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "samples.md"
_GUIDE = "https://experienceleague.adobe.com/en/docs/pass/authentication/integration-guide-programmers"


_HEAD = """# Adobe's samples

The tests run every response sample of Adobe's DCR and REST API V2 pages, of the SSO Service, of its 429 and of its
error codes against the mock. Status, content type, members, types and fixed values must equal those of the sample;
tokens, identifiers and times may differ. `python -m tests.mock_server.sample_table` generates this page from the data
of the tests.

{count} samples: {reproduced} reproduced, {departs} with a departure from a value, for the stated reason. The answers
to {arranged} of them are arranged by a behaviour or by a change of the catalogue, because they need a fault, a denial
or a setting that the default catalogue lacks. Degradation, trials and logins are those that a sample's request needs.

The tests fix requests that cannot be sent unchanged, and responses with invalid syntax; the notes describe the
changes. A request has the headers of its sample and no others. X-Device-Info is sent unchanged, although it does not
decode to valid JSON (a comma is missing). The sessions of sessions-retrieve are those of a browser that sends no
X-Device-Info, only the User-Agent of the sample.

For all samples:

{exceptions}
"""


def render(pages: Mapping[str, Page]) -> str:
    """Return the page in Markdown."""
    outcomes = Counter(_outcome(sample) for page in pages.values() for sample in page.samples)
    exceptions = [
        f"- `{name[1:]}` may be present although some samples do not have it: {reason}."
        for name, reason in ADDED.items()
    ]
    exceptions += [f"- `{name}` may have more entries than the sample: {reason}." for name, reason in OPEN.items()]
    arranged = sum(bool(sample.arranged) for page in pages.values() for sample in page.samples)
    head = _HEAD.format(count=outcomes.total(), **outcomes, arranged=arranged, exceptions="\n".join(exceptions))
    return head + "".join(_section(name, page) for name, page in pages.items())


def _section(name: str, page: Page) -> str:
    rows = "\n".join(f"| {sample.place} | {_outcome(sample)} | {_notes(sample)} |" for sample in page.samples)
    return f"\n## [{name}]({_GUIDE}/{page.source})\n\n| sample | outcome | notes |\n|---|---|---|\n{rows}\n"


def _outcome(sample: Sample) -> str:
    return "departs" if sample.departs else "reproduced"


def _notes(sample: Sample) -> str:
    notes = {
        "departure": sample.departs,
        "answer arranged": sample.arranged,
        "request changed": sample.mended,
        "sample fixed": sample.repaired,
    }
    return "; ".join(f"{title}: {note}" for title, note in notes.items() if note)


if __name__ == "__main__":
    PAGE.write_text(render(read_pages()), "utf-8")
