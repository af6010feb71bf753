"""The report as JSON, for machines."""

from __future__ import annotations

import msgspec

from conformance.reports.model import Report


def encode(report: Report) -> bytes:
    """The report as indented JSON with a newline at its end."""
    return msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n"
