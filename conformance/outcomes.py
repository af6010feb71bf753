"""Outcomes (held, broken or unclear), one for each opportunity of a rule, and the limits that rules apply."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Blame(StrEnum):
    """Party that must fix a failure: the service, its configuration, or the harness."""

    SERVICE = "SERVICE"
    CONFIG = "CONFIG"
    HARNESS = "HARNESS"


@dataclass(frozen=True)
class Expectations:
    """Limits and budgets of a deployment, which rules apply."""

    instances: int = 1
    preauthorize_limit: int = 5
    authorize_limit: int = 1
    hidden_mvpds: tuple[str, ...] = ()
    """Glob patterns of the TV providers that the service must not offer to viewers."""
    min_poll_interval_s: float = 2.7
    """Seconds between two polls of a code, at least: Adobe's 3 s less the margin for jitter."""
    answer_within_s: float = 10.0
    """Seconds within which an app must get an answer, whatever Adobe Pass does."""
    lag_limit_ms: float = 250.0
    """Lag of the mock's event loop, in ms, above which a timing outcome is inconclusive."""


@dataclass(frozen=True)
class Held:
    """An opportunity at which the service kept the rule."""


@dataclass(frozen=True, kw_only=True)
class Broken:
    """An opportunity at which the service broke the rule, with the evidence."""

    kind: str
    """One of the card's kinds. Fingerprints contain it, and not the sentences below."""
    subject: str = ""
    """Stable noun that separates findings of one kind: a header, a parameter, a verb. Never a device, a code or a
    time."""
    exchanges: tuple[int, ...]
    device: str | None
    expected: str
    observed: str
    blame: Blame = Blame.SERVICE


@dataclass(frozen=True, kw_only=True)
class Unclear:
    """An opportunity that cannot be judged, with the reason (the harness lagged, for example)."""

    reason: str
    exchanges: tuple[int, ...] = ()


Outcome = Held | Broken | Unclear


HELD = Held()


NOTHING: tuple[Outcome, ...] = ()
"""Result of `Rule.observe` without an opportunity."""


ONE_HELD: tuple[Outcome, ...] = (HELD,)
"""Result of `Rule.observe` with one opportunity that was held, the most frequent case."""
