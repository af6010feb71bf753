"""For each rule and kind the shortest trace that breaks it so: the proof that the rule bites, a module per phase."""

from __future__ import annotations

from importlib import import_module

from breakers.registered import BREAKERS, BREAKERS_BY_KIND
from pass_harness.conformance.registry import PHASES

for phase in PHASES:
    import_module(f"breakers.{phase}")

__all__ = ["BREAKERS", "BREAKERS_BY_KIND"]
