"""The rule: a small unit that watches observations go by and says each time it could have been broken.

A rule module holds one class: first its identity card, then the judgement. Judging is pure: observations in,
outcomes out, bounded state, no clock and no I/O, so one object serves a live mock, a recorded trace and a load
test alike.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar, Generic, TypeVar

from conformance.citations import Citation
from conformance.observation import Observation

if TYPE_CHECKING:
    from conformance.facts.common import Facts

K = TypeVar("K")
V = TypeVar("V")


class Severity(StrEnum):
    """MUST is what Adobe calls mandatory; SHOULD is what it recommends."""

    MUST = "MUST"
    SHOULD = "SHOULD"


class Blame(StrEnum):
    """Whose a failure is."""

    SERVICE = "SERVICE"
    CONFIG = "CONFIG"
    HARNESS = "HARNESS"


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
    citations: tuple[Citation, ...]
    needs: frozenset[str] = frozenset()
    """Verbs and facilities without which a run gives no opportunity, or, with `judges_app`, no evidence."""
    judges_app: bool = False
    """True where the rule needs what the service said to the Streaming App (a driver), so a trace is not enough."""


@dataclass(frozen=True)
class Expectations:
    """What a deployment may differ in: budgets and limits that rules are held to."""

    instances: int = 1
    preauthorize_limit: int = 5
    authorize_limit: int = 1
    hidden_mvpds: tuple[str, ...] = ()
    """The TV providers that viewers must not be offered; globs."""
    poll_interval: float = 2.7
    """Seconds: Adobe's 3 s less the margin for jitter."""
    answer_within: float = 10.0
    """Seconds within which an app gets an answer, whatever Adobe Pass does."""
    lag_limit_ms: float = 250.0
    """Above this lag of the mock's event loop a timing finding is inconclusive."""


@dataclass(frozen=True)
class Held:
    """An opportunity that the service used well."""


@dataclass(frozen=True, kw_only=True)
class Broken:
    """An opportunity at which the rule was broken; the evidence."""

    exchanges: tuple[int, ...]
    device: str | None
    expected: str
    observed: str
    blame: Blame = Blame.SERVICE


@dataclass(frozen=True, kw_only=True)
class Unclear:
    """An opportunity that cannot be judged, and why (the harness lagged, say)."""

    reason: str
    exchanges: tuple[int, ...] = ()


Outcome = Held | Broken | Unclear
HELD = Held()
NOTHING: tuple[Outcome, ...] = ()
"""What a rule answers that had no opportunity."""
ONE_HELD: tuple[Outcome, ...] = (HELD,)
"""What a rule answers that had one and is done with it, as nearly always."""


class Rule(ABC):
    """One requirement. Subclasses are made anew for every judgement and hold its state."""

    card: ClassVar[Card]
    watches: ClassVar[frozenset[str] | None] = None
    """The endpoints whose exchanges it is shown; None for all. Verbs are shown to every rule."""
    judges_without_verbs: ClassVar[bool] = False
    """True where a rule that judges the app finds some of it in exchanges alone."""
    facts: Facts
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


@dataclass
class Bounded(Generic[K, V]):
    """A mapping that forgets its least recently written entries, so that a rule's state stays bounded."""

    limit: int = 50_000
    _entries: OrderedDict[K, V] = field(default_factory=OrderedDict)

    def __post_init__(self) -> None:
        # The dictionary's own: a rule reads at every exchange.
        self.get: Callable[[K], V | None] = self._entries.get

    def put(self, key: K, value: V) -> None:
        entries = self._entries
        entries[key] = value
        entries.move_to_end(key)
        if len(entries) > self.limit:
            entries.popitem(last=False)

    def pop(self, key: K) -> V | None:
        return self._entries.pop(key, None)

    def shed(self, old: Callable[[V], bool]) -> list[V]:
        """Drops entries, least recently written first, until one is not old; those that were dropped."""
        dropped = []
        while self._entries and old(next(iter(self._entries.values()))):
            dropped.append(self._entries.popitem(last=False)[1])
        return dropped

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[K]:
        """Over a copy of the keys, so entries may be written or dropped meanwhile."""
        return iter(list(self._entries))
