"""Remarks of the readers: what traces show besides their exchanges."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from pass_harness.conformance.readers.lives import Lives
from pass_harness.conformance.readers.missing_ids import MissingIds
from pass_harness.mock_server.exchange import Stall


@dataclass
class Remarks:
    """Remarks on the traces that were read."""

    cut_short: set[Path] = field(default_factory=set)
    """Traces that were cut at their maximum size."""
    torn: set[Path] = field(default_factory=set)
    """Traces whose last line is incomplete: a process was killed, or a disk was full."""
    coarse: set[Path] = field(default_factory=set)
    """Archives whose times are whole seconds, or one time for all entries."""
    missing: dict[Path, MissingIds] = field(default_factory=dict)
    """Exchanges that the traces of the mock lack."""
    stalls: list[Stall] = field(default_factory=list)
    """Stalls of the mock."""
    lives: Lives = field(default_factory=Lives)
    """Resets of spaces, and restarts of the mock."""
