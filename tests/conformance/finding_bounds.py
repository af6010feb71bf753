"""The bounds of each violating trace, as finding_bounds.txt records them (write_findings.py writes the file).

Each trace gets many small edits: without an observation, with another status, with another pause before an
exchange. The file lists the edits that change the outcomes of the trace's own rule, as "findings of opportunities",
and the pauses at which they change. Read its diff before you commit it: a changed line is a changed limit or
condition of the rule.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace as replace_limits
from functools import cache
from itertools import pairwise
from pathlib import Path

from breakers import BREAKERS_BY_KIND
from findings_file import HIDING
from msgspec.structs import replace
from trace_verdicts import judge

from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import Architecture, Expectations
from pass_harness.conformance.registry import all_rules
from pass_harness.mock_server.exchange import Exchange

FILE = Path(__file__).with_name("finding_bounds.txt")
Seen = Sequence[Observation]
RULES = {rule.card.id: rule for rule in all_rules()}
STATUSES = (0, 200, 400, 401, 403, 429, 500)
ENDPOINTS = (
    "authenticate",
    "configuration",
    "dcr.token",
    "decisions.authorize",
    "decisions.preauthorize",
    "logout",
    "profiles",
    "profiles.code",
    "sessions.create",
    "sso.token",
)
ADDED_VERBS = ("login", "logout", "play", "providers", "restart", "start", "status")
OTHER_LIMITS = replace_limits(HIDING, instances=2, preauthorize_limit=2, answer_within_s=2.0)
OF_APPS = replace_limits(HIDING, architecture=Architecture.CLIENT)
PLACES: dict[str, dict[str, str]] = {
    "again": {},
    "at the same address": {"device": "device-9"},
    "on another device": {"device": "device-9", "ip": "198.18.0.9"},
}
PAUSES = (0.0, 0.3, 1.0, 2.8, 5.0, 9.0, 20.0, 45.0, 100.0, 200.0, 500.0, 2_000.0, 5_000.0, 30_000.0, 100_000.0)
"""Pauses that are tried, in seconds; a bound between two of them is found by bisection."""
EXACT_S = 0.01
MOST_EDITED = 12
"""Number of observations, at the end of a trace, that are edited."""


def outcome(rule: str, seen: Seen, limits: Expectations = HIDING, *, cites: bool = False) -> str:
    """Return findings and opportunities in words, with the cited exchanges if ``cites``."""
    result = judge(seen, expectations=limits, rules=(RULES[rule],))[rule]
    unclear = f", {result.unclear} unclear" if result.unclear else ""
    cited = [" ".join(map(str, finding.evidence.exchanges)) for finding in result.findings if cites]
    return f"{result.broken} of {result.opportunities}{unclear}{''.join(f' ({ids})' for ids in cited)}"


def edits(seen: Seen) -> Iterator[tuple[str, str, Seen]]:
    """Yield each edit of a trace, but those of pauses: the observation, its edit, and the edited trace."""
    for place in range(max(0, len(seen) - MOST_EDITED), len(seen)):
        before, one, after = seen[:place], seen[place], seen[place + 1 :]
        changed: list[tuple[str, Observation]] = []
        if isinstance(one, Exchange):
            name = str(one.id)
            changed += [(f"status {status}", replace(one, status=status)) for status in STATUSES]
            changed += [(f"endpoint {endpoint}", replace(one, endpoint=endpoint)) for endpoint in ENDPOINTS]
            changed += [
                ("no device", replace(one, device=None)),
                ("another device", replace(one, device="device-9", ip="198.18.0.9")),
                ("no MVPD", replace(one, mvpd=None)),
                ("another MVPD", replace(one, mvpd="Other")),
                ("no body", replace(one, request_body="", response_body="")),
                ("lag", replace(one, lag_ms=1_500.0)),
            ]
        elif isinstance(one, VerbCall):
            name = one.verb
            changed += [
                ("verb a", replace(one, verb="a")),
                ("verb z", replace(one, verb="z")),
                ("failure", replace(one, failure="failed", status=503)),
                ("no returns", replace(one, returns={})),
                ("another device", replace(one, device="device-9", ip="198.18.0.9")),
            ]
        yield name, "left out", [*before, *after]
        yield from ((name, edit, [*before, new, *after]) for edit, new in changed)


def repeated(seen: Seen, after_s: float, other: dict[str, str]) -> Seen:
    """Return the trace and, some seconds later, the same again, with other fields of its device."""
    end = max(time for one in seen for time in _times(one))
    begin = min(time for one in seen for time in _times(one))
    again = [_shifted(one, begin, end - begin + after_s) for one in seen]
    return [
        *seen,
        *(
            replace(one, id=one.id + 1000, **(other if one.device else {}))
            if isinstance(one, Exchange)
            else replace(one, **(other if one.device else {}))
            for one in again
            if isinstance(one, Exchange | VerbCall)
        ),
    ]


def whole(rule: str, seen: Seen, base: str) -> list[str]:
    """Return the lines of the edits of the whole trace."""
    end = max(time for one in seen for time in _times(one))
    last = next(one for one in reversed(seen) if isinstance(one, Exchange | VerbCall))
    lines = [
        f"without verbs: {outcome(rule, [one for one in seen if not isinstance(one, VerbCall)])}",
        f"with two instances and other limits: {outcome(rule, seen, OTHER_LIMITS)}",
        f"of apps: {outcome(rule, seen, OF_APPS)}",
    ]
    for verb in ADDED_VERBS:
        added = VerbCall(
            verb=verb,
            device=last.device or "device-1",
            ip=last.ip,
            scenario="test",
            started=end + 1,
            ended=end + 1.1,
            arguments={"screen": "secondary", "resource": "a"},
            returns={"state": "pending"},
        )
        early = replace(added, started=_times(last)[0] - 0.002, ended=_times(last)[0] - 0.001)
        results = outcome(rule, [*seen, added]), outcome(rule, [*seen, early])
        if {*results} != {base}:
            lines.append(f"with {verb} at the end: {results[0]}; before the last: {results[1]}")
    for after_s in (1.0, 600.0):
        for place, other in PLACES.items():
            result = outcome(rule, repeated(seen, after_s, other), cites=True)
            lines.append(f"{place} after {after_s:.0f} s: {result}")
    return lines


def paused(seen: Seen, exchange: Exchange, pause: float) -> Seen:
    """Return the trace with this pause, in seconds, between an exchange and the observation before it."""
    cut = exchange.wall
    times = [time for one in seen for time in _times(one) if time < cut]
    shift = pause - (cut - max(times))
    return [_shifted(one, cut, shift) for one in seen]


def _times(one: Observation) -> tuple[float, ...]:
    if isinstance(one, Exchange):
        return (one.wall, one.wall + one.duration_ms / 1000)
    return (one.started, one.ended) if isinstance(one, VerbCall) else ()


def _shifted(one: Observation, cut: float, shift: float) -> Observation:
    if isinstance(one, Exchange) and one.wall >= cut:
        return replace(one, wall=one.wall + shift, at=one.at + round(shift * 1000))
    if isinstance(one, VerbCall) and one.ended >= cut:
        return replace(one, ended=one.ended + shift, started=one.started + (shift if one.started >= cut else 0.0))
    return one


def bounds(rule: str, seen: Seen, exchange: Exchange) -> list[tuple[float, str]]:
    """Return the outcomes by the pause before an exchange: the longest pause of each, in seconds, and the outcome."""

    @cache
    def at(pause: float) -> str:
        return outcome(rule, paused(seen, exchange, pause))

    found = []
    for low, high in pairwise(PAUSES):
        while at(low) != at(high):
            least, most = low, high
            while most - least > EXACT_S:
                middle = (least + most) / 2
                least, most = (middle, most) if at(middle) == at(low) else (least, middle)
            found.append((least, at(low)))
            low = most  # noqa: PLW2901 - the next bound is beyond this one
    return [*found, (PAUSES[-1], at(PAUSES[-1]))]


def section(rule: str, kind: str) -> str:
    """Return the lines of one trace."""
    seen = BREAKERS_BY_KIND[rule, kind]().observations
    base = outcome(rule, seen)
    lines = [f"# {rule}/{kind}", f"unedited: {base}", *changes(rule, seen, base)]
    for exchange in edited_exchanges(seen):
        found = bounds(rule, seen, exchange)
        if len(found) > 1:
            steps = "; ".join(f"to {pause:.2f} s: {result}" for pause, result in found[:-1])
            lines.append(f"pause before {exchange.id}, {steps}; then: {found[-1][1]}")
    return "\n".join([*lines, *whole(rule, seen, base), ""])


def edited_exchanges(seen: Seen) -> list[Exchange]:
    first = min(time for one in seen for time in _times(one))
    return [one for one in seen[-MOST_EDITED:] if isinstance(one, Exchange) and one.wall > first]


def changes(rule: str, seen: Seen, base: str) -> list[str]:
    """Return a line for each other outcome and each observation, with the edits that lead to it."""
    found: dict[tuple[str, str], list[str]] = {}
    for name, edit, edited in edits(seen):
        if (result := outcome(rule, edited)) != base:
            found.setdefault((result, name), []).append(edit)
    return [f"{result}: {name} {_grouped(changed)}" for (result, name), changed in found.items()]


def _grouped(changed: Iterable[str]) -> str:
    """Return edits with each first word once."""
    by_word: dict[str, list[str]] = {}
    for edit in changed:
        word, _, value = edit.partition(" ")
        by_word.setdefault(word, []).append(value)
    return ", ".join(f"{word} {'/'.join(values)}".rstrip() for word, values in by_word.items())
