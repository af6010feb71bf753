"""Opportunities of each rule in a night of a compliant service, as night_opportunities.txt records them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from compliant_service import Plan, Taste
from compliant_viewers import night
from trace_verdicts import judge

from pass_harness.conformance.evaluation.engine import RuleResult
from pass_harness.mock_server.exchange import Exchange

FILE = Path(__file__).with_name("night_opportunities.txt")
TASTES = (
    Taste(codes_dropped=1, codes_expired=1, resumes=True, profile_life=60.0, logout="partner_logout"),
    Taste(screen="primary", loses_login=True, playbacks=8),
    Taste(document=True, logout="complete"),
    Taste(temporary=True),
)
FULL_NIGHT = Plan(viewers=TASTES * 5, trouble=0.2, token_life=120.0, revocations=2, restarts=1, clock_steps=1)


def written() -> str:
    """Return the file: a line for each rule, for the night with verbs, without them, and with a lagging mock."""
    seen = night(FULL_NIGHT)
    without_restart = night(replace(FULL_NIGHT, restarts=0))  # no verb would show that the caches are empty
    columns = (
        judge(seen),
        judge(one for one in without_restart if isinstance(one, Exchange)),
        judge(night(replace(FULL_NIGHT, lag=1.0))),
    )
    lines = [f"{rule}: {'; '.join(_counted(results[rule]) for results in columns)}\n" for rule in columns[0]]
    return "".join(["# rule: opportunities with verbs; without verbs; while the mock lags by 1 s\n", *lines])


def _counted(result: RuleResult) -> str:
    return f"{result.opportunities}" + (f", {result.unclear} unclear" if result.unclear else "")
