"""Fingerprints: by what a finding is known again in another run, on other devices and at another time."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from pass_harness.conformance.outcomes import Broken
from pass_harness.mock_server.exchange import Exchange

VERSION = 2
"""How fingerprints are made; those of another version cannot be compared. The first hashed what was observed."""


def fingerprint(rule: str, evidence: Broken, cited: Sequence[Exchange]) -> str:
    """Returns 16 hexadecimal digits of the rule, the finding's kind and subject, and the endpoint.

    The endpoint counts where one exchange alone is the evidence: that of the last of the ``cited`` exchanges, so that
    the same fault at another endpoint is another finding. What differs from run to run does not count, nor do the
    sentences of the finding.
    """
    endpoint = cited[-1].endpoint if cited and len(evidence.exchanges) == 1 else ""
    parts = "\n".join((rule, evidence.kind, endpoint, evidence.subject))
    return hashlib.sha256(parts.encode("utf-8", "surrogatepass")).hexdigest()[:16]
