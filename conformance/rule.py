"""The base class of rules: a rule reads observations in order and yields an outcome for each opportunity.

A rule module holds one class: first its card, then its judgement. Judging is pure: observations in, outcomes out,
bounded state, no clock and no I/O. So one class judges a live mock, a recorded trace and a load test alike.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, NamedTuple

from pass_harness.conformance.facts.shared_facts import SharedFacts
from pass_harness.conformance.observation import Observation
from pass_harness.conformance.outcomes import Architecture, Expectations, Outcome
from pass_harness.conformance.requirements.citations import Citation


class Grade(StrEnum):
    """The weight of a rule: MUST decides the exit code, SHOULD is advice, OWN decides it only with --strict-own."""

    MUST = "MUST"
    """A requirement that Adobe calls mandatory, or a "must" of the cookbook."""
    SHOULD = "SHOULD"
    """A recommendation of Adobe."""
    OWN = "OWN"
    """Good practice without a page of Adobe that asks for it in these figures: a requirement of this suite."""


EVERY_ARCHITECTURE = frozenset(Architecture)
SERVERS_ONLY = frozenset({Architecture.S2S})
"""Architectures of requirements that Adobe asks of a Programmer Service and not of an app on a device."""


@dataclass(frozen=True, kw_only=True)
class Card:
    """Description of a rule, which reports, docs and the command explain print."""

    id: str
    title: str
    """A sentence that is true of a service that keeps the rule."""
    grade: Grade
    requirement: str
    """Adobe's requirement, in our words."""
    breaks: str
    """Consequences for viewers or for the contracts when a service breaks the rule."""
    remedy: str
    """Fix for a service that breaks the rule."""
    kinds: tuple[str, ...]
    """Kinds of its findings: a slug for each fault that it distinguishes, permanent once released."""
    citations: tuple[Citation, ...]
    needs: frozenset[str] = frozenset()
    """Verbs and facilities without which a run has no opportunity or, with `judges_app`, no evidence."""
    judges_app: bool = False
    """True for a rule that needs the service's responses to the app (a driver), so that a trace is not enough."""
    architectures: frozenset[Architecture] = EVERY_ARCHITECTURE
    """Architectures of which Adobe asks this. The rule does not see exchanges of the others."""


class Fault(NamedTuple):
    """One of several faults that a rule looks for: kind, observed and subject of a `Broken`."""

    kind: str
    observed: str
    subject: str = ""


class Rule(ABC):
    """Base class of rules. Each judgement creates a new instance, which holds its state."""

    card: ClassVar[Card]
    watches: ClassVar[frozenset[str] | None] = None
    """Endpoints whose exchanges the rule gets; None for all. Every rule gets all verbs."""
    judges_without_verbs: ClassVar[bool] = False
    """True for a rule that judges the app but finds some faults in exchanges alone."""
    compares_times: ClassVar[bool] = True
    """False for a rule whose findings depend neither on times nor on the order of observations. Findings of other
    rules are unclear if the mock lagged during their evidence (`evaluation.lags`), except those with the margin
    `TIMELESS`."""

    def __init__(self, expectations: Expectations, facts: SharedFacts) -> None:
        """Take the limits to apply, and the facts that all rules share."""
        self.expectations = expectations
        self.facts = facts

    @abstractmethod
    def observe(self, seen: Observation) -> Iterable[Outcome]:
        """Return one outcome for each opportunity that the next observation, in order of time, decides.

        The engine reads the outcomes at once, so a generator is allowed. Rules that get most exchanges avoid one:
        creating it takes longer than judging.
        """

    def finish(self) -> Iterator[Outcome]:
        """Yield outcomes for the opportunities that only the end of the trace decides."""
        return iter(())
