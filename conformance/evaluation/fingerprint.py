"""Fingerprints, which identify a finding across runs, devices and times."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from pass_harness.conformance.outcomes import Broken
from pass_harness.mock_server.exchange import Exchange

VERSION = 2
"""Version of the algorithm; fingerprints of another version cannot be compared. Version 1 hashed ``observed``."""


def fingerprint(rule: str, evidence: Broken, cited: Sequence[Exchange]) -> str:
    """Return 16 hexadecimal digits: a hash of the rule, the kind and subject of the finding, and the endpoint.

    The endpoint counts only where the evidence is a single exchange, so that the same fault at another endpoint is
    another finding. Ids, times, devices and the texts of the finding do not count.
    """
    endpoint = cited[-1].endpoint if cited and len(evidence.exchanges) == 1 else ""
    parts = "\n".join((rule, evidence.kind, endpoint, evidence.subject))
    return hashlib.sha256(parts.encode("utf-8", "surrogatepass")).hexdigest()[:16]
