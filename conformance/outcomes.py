"""Outcomes (held, broken or unclear), one for each opportunity of a rule, and the limits that rules apply."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum


class Blame(StrEnum):
    """Party that must fix a failure: the service, its configuration, or the harness."""

    SERVICE = "SERVICE"
    CONFIG = "CONFIG"
    HARNESS = "HARNESS"


class Architecture(StrEnum):
    """The caller of Adobe Pass: a Programmer Service for many devices, or the app on each device itself."""

    S2S = "s2s"
    """Server-to-server: a Programmer Service calls on behalf of the devices."""
    CLIENT = "client"
    """Client-to-server: the app on the device, or a page in a browser, calls by itself."""


BOTH = "both"
"""Architecture of traffic with calls of servers and of clients."""


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
    architecture: Architecture | None = None
    """Architecture of all traffic; None if the traffic itself shows it (see `facts.callers`)."""


@dataclass(frozen=True)
class Held:
    """An opportunity at which the service kept the rule."""


TIMELESS = math.inf
"""Margin of a finding that depends neither on times nor on the order of observations."""


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
    margin_s: float = 0.0
    """Seconds by which the measured time misses the limit of the rule. A shorter lag of the mock cannot have caused
    that, so the finding stays. No lag can have caused one that is `TIMELESS`."""


@dataclass(frozen=True, kw_only=True)
class Unclear:
    """An opportunity that cannot be judged, with the reason (the harness lagged, for example)."""

    reason: str
    exchanges: tuple[int, ...] = ()


def lagged(expectations: Expectations, exchanges: tuple[int, ...]) -> Unclear:
    """Return the outcome of an opportunity that cannot be judged, because its times are not exact."""
    reason = f"times inexact by more than {expectations.lag_limit_ms:.0f} ms (lag of the mock, or coarse archive)"
    return Unclear(reason=reason, exchanges=exchanges)


OVERLOADED = (
    "the machine was overloaded (the mock stalled again and again), and the service may have waited for it: run "
    "again with fewer other processes, or on a faster machine"
)
"""Reason why an outcome is unclear on a machine that had too little time for mock and service."""


Outcome = Held | Broken | Unclear


HELD = Held()


NOTHING: tuple[Outcome, ...] = ()
"""Result of `Rule.observe` without an opportunity."""


ONE_HELD: tuple[Outcome, ...] = (HELD,)
"""Result of `Rule.observe` with one opportunity that was held, the most frequent case."""
