"""The formats of a report, by the names of ``--format``, with their files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Generic, TypeVar

from pass_harness.conformance.printable import presentable
from pass_harness.conformance.reports import json
from pass_harness.conformance.reports.model import Report

R = TypeVar("R")


@dataclass(frozen=True)
class Form(Generic[R]):
    """A format: the name of its file in the folder of a report, and its encoder, which gets presentable texts."""

    file: str
    encoder: Callable[[R], bytes]

    def encode(self, report: R) -> bytes:
        """Return a report in this format."""
        return self.encoder(presentable(report))


def _html(report: Report) -> bytes:
    from pass_harness.conformance.reports.html import report as html  # noqa: PLC0415 - commands without a page start faster

    return html.encode(report, version("pass-harness"))


def _markdown(report: Report) -> bytes:
    from pass_harness.conformance.reports import markdown  # noqa: PLC0415 - as above

    return markdown.encode(report)


def _junit(report: Report) -> bytes:
    from pass_harness.conformance.reports import junit  # noqa: PLC0415 - as above

    return junit.encode(report)


def _sarif(report: Report) -> bytes:
    from pass_harness.conformance.reports import sarif  # noqa: PLC0415 - as above

    return sarif.encode(report, version("pass-harness"))


def _github(report: Report) -> bytes:
    from pass_harness.conformance.reports import annotations  # noqa: PLC0415 - as above

    return annotations.github(report)


def _gitlab(report: Report) -> bytes:
    from pass_harness.conformance.reports import annotations  # noqa: PLC0415 - as above

    return annotations.gitlab(report)


def _azure(report: Report) -> bytes:
    from pass_harness.conformance.reports import annotations  # noqa: PLC0415 - as above

    return annotations.azure(report)


FORMS: Mapping[str, Form[Report]] = {
    "html": Form("report.html", _html),
    "json": Form("report.json", json.encode),
    "markdown": Form("report.md", _markdown),
    "junit": Form("report.junit.xml", _junit),
    "sarif": Form("report.sarif", _sarif),
    "github": Form("report.github.txt", _github),
    "gitlab": Form("report.gitlab.json", _gitlab),
    "azure": Form("report.azure.txt", _azure),
}
