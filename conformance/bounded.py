"""The bounded mapping for the state of rules, which import nothing of the mock but the exchange."""

from __future__ import annotations

from pass_harness.mock_server.bounded import Bounded

__all__ = ["Bounded"]
