"""Calls of REST API V1, which an app leaves behind when it migrates to V2."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import lru_cache

from pass_harness.conformance.facts.exchanges import NEEDS_TOKEN
from pass_harness.mock_server.adobe.version1 import PREFIXES
from pass_harness.mock_server.exchange import Exchange
from pass_harness.mock_server.space_paths import merge_slashes


@lru_cache(maxsize=1024)
def version1_of(path: str) -> str | None:
    """Return the beginning of a path of REST API V1, or None for any other path."""
    merged = merge_slashes(path)
    return next((prefix.rstrip("/") for prefix in PREFIXES if merged.startswith(prefix)), None)


@dataclass
class Version1:
    """Number of calls of REST API V1, by the beginning of their path, and whether there are calls of V2 too."""

    calls: Counter[str] = field(default_factory=Counter)
    beside_v2: bool = False
    """Whether a call of REST API V2 was seen."""

    def observe(self, exchange: Exchange) -> None:
        if not exchange.endpoint:
            if (found := version1_of(exchange.path)) is not None:
                self.calls[found] += 1
        elif not self.beside_v2 and exchange.endpoint in NEEDS_TOKEN:
            self.beside_v2 = True
