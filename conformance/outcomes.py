"""Outcomes: held, broken or unclear, one for each opportunity of a rule; and the limits that rules are held to."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Blame(StrEnum):
    """Whose a failure is."""

    SERVICE = "SERVICE"
    CONFIG = "CONFIG"
    HARNESS = "HARNESS"


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

    kind: str
    """Which of the card's kinds it is. Fingerprints are made of it, and not of the sentences below."""
    subject: str = ""
    """The stable noun that makes it another finding of its kind: a header, a parameter, a verb. Never a device, a
    code or a time."""
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
