"""Learns the habits of a service from recorded traces, and its defects from the rules.

Habits that a trace does not show are assumed to be compliant.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean, median

import msgspec

from pass_harness.conformance.errors import HarnessError
from pass_harness.conformance.evaluation.engine import Judge, RuleResult, Verdict
from pass_harness.conformance.evaluation.untestable import lacking
from pass_harness.conformance.facts.exchanges import sent_by_browser
from pass_harness.conformance.outcomes import Expectations
from pass_harness.conformance.readers.adobe_hosts import Hosts
from pass_harness.conformance.readers.remarks import Remarks
from pass_harness.conformance.readers.traces import read_traces
from pass_harness.conformance.registry import select
from pass_harness.conformance.reports.run import Run
from pass_harness.conformance.rule import Grade
from pass_harness.conformance.running.audit import describe_gaps
from pass_harness.load.forecast.habits import COMPLIANT, ENDLESS, HabitDefect, Habits
from pass_harness.load.forecast.trace_evidence import Evidence, Mean
from pass_harness.mock_server.exchange import Exchange, Stall

RARE = 0.05
"""Occurrences per occasion below which they are an exception, not a habit."""
AGE_TOLERANCE, AGE_SHARE = 0.2, 0.7
"""Limits for a fixed token age: this share of tokens is replaced at an age within this tolerance of the median."""
MARGIN = 0.1
"""Relative difference from the compliant value above which a habit counts as a defect."""
FEW_ADDRESSES = 0.2
"""Addresses per device below which the service does not pass on the devices' addresses."""
MANY_CLIENTS = 0.8
"""Clients of one device, for each device, above which each device has its own."""
MIN_OCCASIONS = 5
SHORTEST_LIFE_S = 1.0
"""Minimum lifetime of access tokens in seconds."""
SHORTEST_INTERVAL_S = 0.01
"""Minimum interval of polls in seconds: the times of some recordings are whole seconds."""
OUTLIER_FACTOR = 2.0
"""Multiple of the median above which an interval is an outlier. Several pollers of a code have unequal intervals."""

CREDENTIALS_REUSED = "registration.credentials-reused"
HABITS_OF_RULES: Mapping[str, tuple[str, ...]] = {
    CREDENTIALS_REUSED: ("registrations_per_start", "registrations_per_token"),
    "registration.token-reused": ("tokens_per_call", "token_life"),
    "registration.token-renewed-with-same-credentials": ("registrations_per_token",),
    "configuration.cached": ("configuration_kept",),
    "configuration.only-for-selection": ("configurations_per_play",),
    "authentication.profiles-checked-first": ("profiles_per_login",),
    "authentication.profile-remembered": ("profiles_per_start", "profiles_per_return"),
    "authentication.polls-by-code": ("polls_by_code",),
    "authentication.poll-interval": ("poll_interval", "first_screen_poll_interval"),
    "authentication.poll-is-single": ("poll_interval", "first_screen_poll_interval"),
    "authentication.poll-starts-promptly": ("first_poll_after",),
    "authentication.poll-waits-for-redirect": ("waits_for_redirect",),
    "authentication.poll-stops-on-success": ("polls_after_success",),
    "preauthorization.batch-limit": ("batch",),
    "preauthorization.permits-cached": ("keeps_permits",),
    "authorization.denial-final": ("calls_after_denial",),
    "headers.forwarded-for": ("one_address",),
    "errors.throttled-waits": ("throttle_pause", "throttle_tries"),
    "errors.server-errors-bounded": ("tries",),
}
"""The habits that cause a violation, by rule."""
PARTLY_JUDGED = frozenset({"preauthorization.permits-cached"})
"""Rules that judge only a few seconds of a trace without a driver, because a trace does not record app starts."""


@dataclass(frozen=True)
class Learned:
    """The habits and defects of a service, learned from traces."""

    habits: Habits
    occasions: Mapping[str, int]
    """Number of occasions from which each habit was learned; other habits are assumed."""
    defects: Sequence[HabitDefect]
    """Violated rules that change the number of calls."""
    violated: Sequence[str]
    """Violated MUST rules, including those that do not change the number of calls."""
    exchanges: int
    seconds: float
    trace: Run = field(default_factory=Run)
    """Facts of the traces themselves, such as their gaps."""


def learn(paths: Sequence[Path], *, instances: int, hosts: Iterable[str] = ()) -> Learned:
    """Learn the habits of the service from its traces.

    Raises `ConfigError` if a trace cannot be read, and `HarnessError` if there is nothing to learn from.
    """
    remarks = Remarks()
    adobe = Hosts(frozenset(map(str.lower, hosts)))
    exchanges = read_traces(paths, adobe, remarks)
    learned = learn_from(exchanges, instances=instances, stalls=remarks.stalls)
    trace = learned.trace if learned is not None else Run()
    describe_gaps(trace, adobe, remarks)
    if learned is None:
        files = ", ".join(map(str, paths))
        lacks = f" ({trace.not_judged})" if trace.not_judged else ""
        raise HarnessError(
            f"{files}: no viewer logs in or plays, so there is nothing to learn{lacks}; record a visit"
        )
    return learned


def learn_from(exchanges: Iterable[Exchange], *, instances: int, stalls: Sequence[Stall] = ()) -> Learned | None:
    """Learn from exchanges in order of time; return None if there is nothing to learn from.

    ``stalls`` are those of the mock, complete after the last exchange.
    """
    rules = select(())
    judge = Judge(rules, Expectations(instances=instances), driven=False)
    evidence = Evidence(instances)
    for exchange in exchanges:
        judge.observe(exchange)
        if exchange.endpoint and not sent_by_browser(exchange):
            evidence.observe(exchange)
    evidence.conclude()
    if not evidence.logins and not evidence.plays:
        return None
    judge.stalled(stalls)
    results = judge.conclude(untestable=lacking(rules, None))
    violated = [result for result in results if result.verdict is Verdict.VIOLATED]
    habits_found = _habits(evidence, has_excess_clients=any(one.card.id == CREDENTIALS_REUSED for one in violated))
    habits = msgspec.structs.replace(COMPLIANT, **{name: value for name, (value, _) in habits_found.items()})
    return Learned(
        habits=habits,
        occasions={name: number for name, (_, number) in habits_found.items()},
        defects=[defect for result in results if (defect := _defect(result, habits))],
        violated=[result.card.id for result in violated if result.card.grade == Grade.MUST],
        exchanges=evidence.exchanges,
        seconds=evidence.last - evidence.first,
        trace=_described(judge),
    )


def _described(judge: Judge) -> Run:
    trace = Run()
    trace.describe(judge)
    return trace


Found = dict[str, tuple[float | int | bool, int]]
"""Habits by name: the value, and the number of occasions."""


def _habits(evidence: Evidence, *, has_excess_clients: bool) -> Found:
    habits_found: Found = {}
    _registration(evidence, habits_found, has_excess_clients=has_excess_clients)
    _configuration(evidence, habits_found)
    _polling(evidence, habits_found)
    _login(evidence, habits_found)
    _decisions(evidence, habits_found)
    if evidence.throttle_pauses.number >= MIN_OCCASIONS:
        habits_found["throttle_pause"] = (round(evidence.throttle_pauses.value, 3), evidence.throttle_pauses.number)
    # The habitual number of tries is known only if it exceeds the compliant one.
    for name, tries in (("tries", evidence.tries), ("throttle_tries", evidence.throttle_tries)):
        if tries > getattr(COMPLIANT, name):
            habits_found[name] = (tries, tries)
    if len(evidence.devices) >= MIN_OCCASIONS:
        few = len(evidence.addresses) < FEW_ADDRESSES * len(evidence.devices)
        habits_found["one_address"] = (few, len(evidence.devices))
    return habits_found


def _registration(evidence: Evidence, habits_found: Found, *, has_excess_clients: bool) -> None:
    owners = evidence.instances
    if len(evidence.devices) >= MIN_OCCASIONS:
        unshared = len(evidence.clients) - len(evidence.shared_clients)
        per_device = unshared > MANY_CLIENTS * len(evidence.devices) and not has_excess_clients
        habits_found["client_per_device"] = (per_device, len(evidence.devices))
        owners = max(owners, len(evidence.clients)) if per_device else owners
    for_token = max(0, evidence.registrations_for_token - owners)
    others = max(0, evidence.registrations - owners - for_token)
    if evidence.devices:
        habits_found["registrations_per_start"] = _ratio(others, len(evidence.devices))
    if evidence.tokens > owners:
        habits_found["registrations_per_token"] = _ratio(for_token, evidence.tokens - owners)
    early = evidence.early_tokens
    if len(early) >= MIN_OCCASIONS and _steady(early):
        habits_found["token_life"] = (round(median(early), 1), len(early))
    elif evidence.calls:
        habits_found["tokens_per_call"] = _ratio(len(early), evidence.calls, few=RARE / 2)
        if evidence.token_life.number:
            life = max(SHORTEST_LIFE_S, round(evidence.token_life.value, 1))
            habits_found["token_life"] = (life, evidence.token_life.number)


def _configuration(evidence: Evidence, habits_found: Found) -> None:
    logins = len(evidence.logins) + evidence.entries
    if logins and evidence.configurations_for_login / logins > RARE:
        habits_found["configuration_kept"] = (0.0, evidence.configurations_for_login)
    if evidence.plays:
        habits_found["configurations_per_play"] = _ratio(evidence.configurations_for_play, evidence.plays)


def _login(evidence: Evidence, habits_found: Found) -> None:
    logins = len(evidence.logins)
    if logins + evidence.entries:
        habits_found["profiles_per_login"] = _ratio(evidence.login_queries, logins + evidence.entries)
    if evidence.devices and "polls_by_code" not in habits_found:
        # If codes are not polled, these queries poll for the login.
        habits_found["profiles_per_start"] = _ratio(evidence.loose_queries, len(evidence.devices))
    if logins:
        habits_found["resumes_per_login"] = _ratio(evidence.resumes, logins)
    if typed := sum(login.typed for login in evidence.logins.values()):
        habits_found["checks_per_code"] = _ratio(evidence.checks, typed)
    elif waiting := sum(login.first_was_empty for login in evidence.logins.values()):
        habits_found["checks_per_code"] = (0.0, waiting)


def _polling(evidence: Evidence, habits_found: Found) -> None:
    logins = evidence.logins.values()
    distinguishable = any(login.typed for login in logins)
    intervals: list[float] = []
    first_screen: list[float] = []
    starts, hasty = Mean(), Mean()
    for login in logins:
        second = login.typed or not distinguishable
        if login.first_poll is None:
            continue
        (intervals if second else first_screen).extend(login.intervals)
        if second and (distinguishable or login.first_was_empty):
            starts.add(max(0.0, login.first_poll - login.opened))
        if not second:
            hasty.add(login.first_was_empty)
    for name, values in (("poll_interval", intervals), ("first_screen_poll_interval", first_screen)):
        if values:
            habits_found[name] = (max(SHORTEST_INTERVAL_S, round(_usual(values), 3)), len(values))
    if starts.number:
        habits_found["first_poll_after"] = (round(starts.value, 3), starts.number)
    if hasty.number >= MIN_OCCASIONS:
        habits_found["waits_for_redirect"] = (hasty.value < 0.5, hasty.number)
    if done := [login.polls_after for login in logins if login.done]:
        after, number = _ratio(sum(done), len(done))
        habits_found["polls_after_success"] = (after, number)
    elif evidence.logins and not any(login.first_poll for login in logins):
        habits_found["polls_by_code"] = (False, len(evidence.logins))


def _decisions(evidence: Evidence, habits_found: Found) -> None:
    # Without the bodies of requests, a batch has an unknown size.
    if evidence.largest_batch and (evidence.views_of_several or evidence.largest_batch > COMPLIANT.batch):
        habits_found["batch"] = (evidence.largest_batch, evidence.views)
    if evidence.decided >= MIN_OCCASIONS:
        habits_found["denied_share"] = (round(evidence.denied / evidence.decided, 3), evidence.decided)
    if evidence.preauthorized >= MIN_OCCASIONS:
        again = evidence.permitted_before / evidence.preauthorized > 2 * RARE
        habits_found["keeps_permits"] = (not again, evidence.preauthorized)
    if evidence.final_denials:
        habits_found["calls_after_denial"] = _ratio(evidence.calls_after_denial, evidence.final_denials)


def _defect(result: RuleResult, habits: Habits) -> HabitDefect | None:
    """Return the defect of a violated rule, if it changes the number of calls.

    A rule that is not, or only partly, judged without a driver counts as violated if the habits differ by `MARGIN`.
    """
    unjudged = result.verdict is Verdict.UNTESTABLE or result.card.id in PARTLY_JUDGED
    if result.verdict is not Verdict.VIOLATED and not unjudged:
        return None
    margin = 0.0 if result.verdict is Verdict.VIOLATED else MARGIN
    changed = {
        name: getattr(habits, name)
        for name in HABITS_OF_RULES.get(result.card.id, ())
        if _differs(getattr(habits, name), getattr(COMPLIANT, name), margin)
    }
    label = "Violated" if result.verdict is Verdict.VIOLATED else "Probably violated (a run would judge it)"
    return (
        HabitDefect(name=result.card.id, sentence=f"{label}: {result.card.title}.", habits=changed)
        if changed
        else None
    )


def _differs(value: float, compliant: float, margin: float) -> bool:
    return abs(value - compliant) > margin * max(1.0, abs(compliant))


def _usual(intervals: Sequence[float]) -> float:
    """Return the mean interval without outliers, such as polls that had to wait for another call."""
    longest = OUTLIER_FACTOR * median(intervals)
    return fmean([interval for interval in intervals if interval <= longest])


def _steady(ages: Sequence[float]) -> bool:
    usual = median(ages)
    return usual > 1.0 and sum(abs(age - usual) <= AGE_TOLERANCE * usual for age in ages) >= AGE_SHARE * len(ages)


def _ratio(number: float, occasions: int, few: float = RARE) -> tuple[float, int]:
    """Return the occurrences per occasion, 0 if they are rare, and the number of occasions."""
    share = number / occasions
    return (round(min(share, ENDLESS), 3) if share > few else 0.0), occasions
