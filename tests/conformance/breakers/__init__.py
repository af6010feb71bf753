"""The shortest violating trace for each rule and kind of finding, one module per phase."""

from __future__ import annotations

from importlib import import_module

from breakers.registered import BREAKERS, BREAKERS_BY_KIND
from pass_harness.conformance.registry import PHASES

for phase in PHASES:
    import_module(f"breakers.{phase}")

__all__ = ["BREAKERS", "BREAKERS_BY_KIND"]
