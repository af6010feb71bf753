"""Reasons why a rule had no opportunity in a run or a trace."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from pass_harness.conformance.facilities import FACILITIES
from pass_harness.conformance.rule import Card

SHOWN = 4


def reason_in_traffic(watched: Collection[str] | None, seen: Collection[str]) -> str:
    """Return the reason as far as the endpoints show it that a rule watches, and those of the traffic."""
    if not seen:
        return "there was no exchange"
    if watched and not {*watched} & {*seen}:
        return f"there was no call to {', '.join(sorted(watched))}"
    return "nothing that happened was an occasion to break it"


def reasons_unexercised(card: Card, called: Collection[str], unfinished: Mapping[str, str]) -> list[str]:
    """Return the reasons, as clauses: verbs that were not called, and scenarios that did not complete.

    ``called`` are the verbs of the run, none without a driver. ``unfinished`` maps ids of scenarios to reasons why
    they did not complete: failed, skipped or left out.
    """
    reasons = []
    verbs = sorted(need for need in card.needs if need not in FACILITIES and need not in called)
    if called and verbs:
        one = len(verbs) == 1
        reasons.append(f"the {'verb' if one else 'verbs'} {', '.join(verbs)} {'was' if one else 'were'} not called")
    for verdict in dict.fromkeys(unfinished.values()):
        names = [scenario for scenario, its in unfinished.items() if its == verdict]
        shown = ", ".join(names[:SHOWN]) + (f" and {len(names) - SHOWN} more" if len(names) > SHOWN else "")
        reasons.append(f"{len(names)} scenario{'s' * (len(names) > 1)} {verdict}: {shown}")
    return reasons
