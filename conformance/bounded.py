"""A bounded mapping for the state of rules, which import only the exchange from the mock otherwise."""

from __future__ import annotations

from pass_harness.mock_server.bounded import Bounded

__all__ = ["Bounded"]
