"""The rule: a small unit that watches observations go by and says each time it could have been broken.

A rule module holds one class: first its identity card, then the judgement. Judging is pure: observations in,
outcomes out, bounded state, no clock and no I/O, so one object serves a live mock, a recorded trace and a load
test alike.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, NamedTuple

from pass_harness.conformance.facts.shared_facts import SharedFacts
from pass_harness.conformance.observation import Observation
from pass_harness.conformance.outcomes import Expectations, Outcome
from pass_harness.conformance.requirements.citations import Citation


class Severity(StrEnum):
    """MUST is what Adobe calls mandatory; SHOULD is what it recommends."""

    MUST = "MUST"
    SHOULD = "SHOULD"


@dataclass(frozen=True, kw_only=True)
class Card:
    """The identity card of a rule: everything that reports, docs and `explain` print of it."""

    id: str
    title: str
    """A sentence that is true of a service that keeps the rule."""
    severity: Severity
    requirement: str
    """What Adobe asks, in our words."""
    breaks: str
    """What goes wrong for viewers or the contract when it is broken."""
    remedy: str
    """How to mend a service that breaks it."""
    kinds: tuple[str, ...]
    """The kinds of its findings: a slug for each fault that it tells apart, kept for good once released."""
    citations: tuple[Citation, ...]
    needs: frozenset[str] = frozenset()
    """Verbs and facilities without which a run gives no opportunity, or, with `judges_app`, no evidence."""
    judges_app: bool = False
    """True where the rule needs what the service said to the Streaming App (a driver), so a trace is not enough."""


class Fault(NamedTuple):
    """One of several faults that a judgement looks for: kind, observed and subject of a `Broken`."""

    kind: str
    observed: str
    subject: str = ""


class Rule(ABC):
    """One requirement. Subclasses are made anew for every judgement and hold its state."""

    card: ClassVar[Card]
    watches: ClassVar[frozenset[str] | None] = None
    """The endpoints whose exchanges it is shown; None for all. Verbs are shown to every rule."""
    judges_without_verbs: ClassVar[bool] = False
    """True where a rule that judges the app finds some of it in exchanges alone."""
    facts: SharedFacts
    """What all rules know together; the engine gives it before the first observation."""

    def __init__(self, expectations: Expectations) -> None:
        self.expectations = expectations

    @abstractmethod
    def observe(self, seen: Observation) -> Iterable[Outcome]:
        """Take the next observation, in order of time; give one outcome per opportunity that it decides.

        What is given is gone through at once, so it may be a generator. Rules that see most exchanges do without
        where they can: making one takes longer than judging.
        """

    def finish(self) -> Iterator[Outcome]:
        """The trace has ended: yield outcomes for what can only be judged then."""
        return iter(())
