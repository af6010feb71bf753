"""For each rule the shortest trace that breaks it: the proof that the rule bites. One module for each phase."""

from __future__ import annotations

from importlib import import_module

from breakers.registered import BREAKERS
from pass_harness.conformance.registry import PHASES

for phase in PHASES:
    import_module(f"breakers.{phase}")

__all__ = ["BREAKERS"]
