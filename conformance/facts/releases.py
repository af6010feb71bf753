"""Releases of a service that bring a registered application of their own, as Adobe recommends for major updates."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from pass_harness.conformance.bounded import Bounded
from pass_harness.conformance.facts.tokens import Client
from pass_harness.conformance.outcomes import NOTHING, Broken, Outcome, Unclear

IN_PROGRESS_S = 1.0
"""Seconds after the first request of a new client in which others may have been in progress."""
UNKNOWN_STATEMENT = (
    "the earlier client was registered before the trace, so its software statement is unknown, and both clients were "
    "in use side by side: a release may have brought an application of its own"
)


@dataclass
class Releases:
    """Findings that are unclear if two clients are in use side by side, and the earlier one is from before the trace.

    A service that lost its credentials uses the earlier client no more.
    """

    driven: bool
    """Whether a driver reports verbs: then the run shows the earlier registration, too."""
    _doubts: Bounded[str, tuple[Client, Client, Broken]] = field(default_factory=lambda: Bounded(1000))
    """Earlier client, new client and finding, by the id of the new client."""

    def judge(self, old: Client, client: Client, broken: Broken) -> Sequence[Outcome]:
        """Return the finding that a client now takes the place of an old one, or keep it until the end."""
        if self.driven or old.statement is not None or client.statement is None:
            return (broken,)
        self._doubts.put(client.id, (old, client, broken))
        return NOTHING

    def finish(self) -> Iterator[Outcome]:
        for old, client, broken in filter(None, map(self._doubts.get, self._doubts)):
            side_by_side = old.used_s > client.began_s + IN_PROGRESS_S
            yield Unclear(reason=UNKNOWN_STATEMENT, exchanges=broken.exchanges) if side_by_side else broken
