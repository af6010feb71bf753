"""Rules that fail in the process that judges them; processes import them from here."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable
from dataclasses import replace

from pass_harness.conformance.observation import Observation
from pass_harness.conformance.outcomes import Outcome
from pass_harness.conformance.rule import Rule
from pass_harness.conformance.rules.headers.accept import Accept


class Killed(Rule):
    card = replace(Accept.card, id="test.killed")

    def observe(self, seen: Observation) -> Iterable[Outcome]:
        os.kill(os.getpid(), signal.SIGKILL)
        return ()


class Raising(Rule):
    card = replace(Accept.card, id="test.raising")

    def observe(self, seen: Observation) -> Iterable[Outcome]:
        raise ZeroDivisionError
