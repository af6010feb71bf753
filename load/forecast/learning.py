"""Learns a service's habits from recorded traces, and what is wrong with them from the rules.

What a trace does not show is assumed to be as it should be.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, median

import msgspec

from pass_harness.conformance.errors import HarnessError
from pass_harness.conformance.evaluation.engine import Judge, RuleResult, Verdict, lacking
from pass_harness.conformance.facts.exchanges import sent_by_browser
from pass_harness.conformance.outcomes import Expectations
from pass_harness.conformance.readers.adobe_hosts import Hosts
from pass_harness.conformance.readers.traces import read_traces
from pass_harness.conformance.registry import select
from pass_harness.conformance.rule import Severity
from pass_harness.load.forecast.habits import COMPLIANT, ENDLESS, Flaw, Habits
from pass_harness.load.forecast.trace_evidence import Evidence, Mean
from pass_harness.mock_server.exchange import Exchange

FEW = 0.05
"""Below so many for each occasion it was an exception, not a habit."""
STEADY, MOST = 0.2, 0.7
"""Where it is age that counts, most tokens are replaced at an age that is no further from the usual one."""
MARKED = 0.1
"""By so large a share a habit differs from what it should be."""
FEW_ADDRESSES = 0.2
"""With fewer addresses than this for each device, the devices' own are not passed on."""
ENOUGH = 5
EXTRAORDINARY = 2.0
"""So many times the median is no usual interval. (Several pollers of one code make unequal ones.)"""

HABITS_OF_RULES: Mapping[str, tuple[str, ...]] = {
    "registration.credentials-reused": ("registrations_per_start", "registrations_per_token"),
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
"""The habits that are to blame where a rule is broken."""
JUDGED_IN_PART = frozenset({"preauthorization.permits-cached"})
"""Without a driver that rule looks at a few seconds alone, since nobody tells of apps that start anew."""


@dataclass(frozen=True)
class Learned:
    """What a trace tells of a service."""

    habits: Habits
    occasions: Mapping[str, int]
    """From how many occasions each habit was learned; the others are assumed."""
    flaws: Sequence[Flaw]
    """What the rules found that changes the number of calls."""
    violated: Sequence[str]
    """MUST rules that were broken, those too that change no number of calls."""
    exchanges: int
    seconds: float


def learn(paths: Sequence[Path], *, instances: int, hosts: Iterable[str] = ()) -> Learned:
    """The habits of the service that made the calls of these traces.

    Raises `ConfigError` where a trace cannot be read, and `HarnessError` where there is nothing to learn from.
    """
    learned = learn_from(read_traces(paths, Hosts(frozenset(map(str.lower, hosts)))), instances=instances)
    if learned is None:
        files = ", ".join(map(str, paths))
        raise HarnessError(f"{files}: nobody logs in or plays in it, so there is nothing to learn; record a visit")
    return learned


def learn_from(exchanges: Iterable[Exchange], *, instances: int) -> Learned | None:
    """The same of exchanges in order of time; None where there is nothing to learn from."""
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
    results = judge.conclude(untestable=lacking(rules, None))
    violated = [result for result in results if result.verdict is Verdict.VIOLATED]
    found = _habits(evidence)
    habits = msgspec.structs.replace(COMPLIANT, **{name: value for name, (value, _) in found.items()})
    return Learned(
        habits=habits,
        occasions={name: number for name, (_, number) in found.items()},
        flaws=[flaw for result in results if (flaw := _flaw(result, habits))],
        violated=[result.card.id for result in violated if result.card.severity == Severity.MUST],
        exchanges=evidence.exchanges,
        seconds=evidence.last - evidence.first,
    )


Found = dict[str, tuple[float | int | bool, int]]
"""Habits by name: the value, and from how many occasions it was learned."""


def _habits(evidence: Evidence) -> Found:
    found: Found = {}
    _registration(evidence, found)
    _configuration(evidence, found)
    _polling(evidence, found)
    _login(evidence, found)
    _decisions(evidence, found)
    if evidence.throttle_pauses.number >= ENOUGH:
        found["throttle_pause"] = (round(evidence.throttle_pauses.value, 3), evidence.throttle_pauses.number)
    # How often it would have tried is known only where it tried more often than it should.
    for name, tries in (("tries", evidence.tries), ("throttle_tries", evidence.throttle_tries)):
        if tries > getattr(COMPLIANT, name):
            found[name] = (tries, tries)
    if len(evidence.devices) >= ENOUGH:
        few = len(evidence.addresses) < FEW_ADDRESSES * len(evidence.devices)
        found["one_address"] = (few, len(evidence.devices))
    return found


def _registration(evidence: Evidence, found: Found) -> None:
    for_token = max(0, evidence.registrations_for_token - evidence.instances)
    besides = max(0, evidence.registrations - evidence.instances - for_token)
    if evidence.devices:
        found["registrations_per_start"] = _ratio(besides, len(evidence.devices))
    if evidence.tokens > evidence.instances:
        found["registrations_per_token"] = _ratio(for_token, evidence.tokens - evidence.instances)
    early = evidence.early_tokens
    if len(early) >= ENOUGH and _steady(early):
        found["token_life"] = (round(median(early), 1), len(early))
    elif evidence.calls:
        found["tokens_per_call"] = _ratio(len(early), evidence.calls, few=FEW / 2)
        if evidence.token_life.number:
            found["token_life"] = (round(evidence.token_life.value, 1), evidence.token_life.number)


def _configuration(evidence: Evidence, found: Found) -> None:
    logins = len(evidence.logins) + evidence.entries
    if logins and evidence.configurations_for_login / logins > FEW:
        found["configuration_kept"] = (0.0, evidence.configurations_for_login)
    if evidence.plays:
        found["configurations_per_play"] = _ratio(evidence.configurations_for_play, evidence.plays)


def _login(evidence: Evidence, found: Found) -> None:
    logins = len(evidence.logins)
    if logins + evidence.entries:
        found["profiles_per_login"] = _ratio(evidence.login_queries, logins + evidence.entries)
    if evidence.devices and "polls_by_code" not in found:
        # Where codes are not polled, it is these that wait for the login.
        found["profiles_per_start"] = _ratio(evidence.loose_queries, len(evidence.devices))
    if logins:
        found["resumes_per_login"] = _ratio(evidence.resumes, logins)
    if typed := sum(login.typed for login in evidence.logins.values()):
        found["checks_per_code"] = _ratio(evidence.checks, typed)
    elif waiting := sum(login.first_was_empty for login in evidence.logins.values()):
        found["checks_per_code"] = (0.0, waiting)


def _polling(evidence: Evidence, found: Found) -> None:
    logins = evidence.logins.values()
    told_apart = any(login.typed for login in logins)
    intervals: list[float] = []
    first_screen: list[float] = []
    starts, hasty = Mean(), Mean()
    for login in logins:
        second = login.typed or not told_apart
        if login.first_poll is None:
            continue
        (intervals if second else first_screen).extend(login.intervals)
        if second and (told_apart or login.first_was_empty):
            starts.add(max(0.0, login.first_poll - login.opened))
        if not second:
            hasty.add(login.first_was_empty)
    for name, found_ones in (("poll_interval", intervals), ("first_screen_poll_interval", first_screen)):
        if found_ones:
            found[name] = (round(_usual(found_ones), 3), len(found_ones))
    if starts.number:
        found["first_poll_after"] = (round(starts.value, 3), starts.number)
    if hasty.number >= ENOUGH:
        found["waits_for_redirect"] = (hasty.value < 0.5, hasty.number)
    if done := [login.polls_after for login in logins if login.done]:
        after, number = _ratio(sum(done), len(done))
        found["polls_after_success"] = (after, number)
    elif evidence.logins and not any(login.first_poll for login in logins):
        found["polls_by_code"] = (False, len(evidence.logins))


def _decisions(evidence: Evidence, found: Found) -> None:
    if evidence.looks_of_several or evidence.largest_batch > COMPLIANT.batch:
        found["batch"] = (evidence.largest_batch, evidence.looks)
    if evidence.decided >= ENOUGH:
        found["denied_share"] = (round(evidence.denied / evidence.decided, 3), evidence.decided)
    if evidence.preauthorized >= ENOUGH:
        again = evidence.permitted_before / evidence.preauthorized > 2 * FEW
        found["keeps_permits"] = (not again, evidence.preauthorized)
    if evidence.final_denials:
        found["calls_after_denial"] = _ratio(evidence.calls_after_denial, evidence.final_denials)


def _flaw(result: RuleResult, habits: Habits) -> Flaw | None:
    """The flaw that a broken rule stands for, if it changes the number of calls.

    A rule that cannot be judged without a driver, or not all of it, is taken for broken where the habits are marked
    enough.
    """
    unjudged = result.verdict is Verdict.UNTESTABLE or result.card.id in JUDGED_IN_PART
    if result.verdict is not Verdict.VIOLATED and not unjudged:
        return None
    margin = 0.0 if result.verdict is Verdict.VIOLATED else MARKED
    blamed = {
        name: getattr(habits, name)
        for name in HABITS_OF_RULES.get(result.card.id, ())
        if _differs(getattr(habits, name), getattr(COMPLIANT, name), margin)
    }
    said = "Not so" if result.verdict is Verdict.VIOLATED else "Hardly so, though only a driver can tell"
    return Flaw(name=result.card.id, sentence=f"{said}: {result.card.title}.", habits=blamed) if blamed else None


def _differs(value: float, compliant: float, margin: float) -> bool:
    return abs(value - compliant) > margin * max(1.0, abs(compliant))


def _usual(intervals: Sequence[float]) -> float:
    """The mean of what is not out of the ordinary: a poll that had to wait for something else is."""
    longest = EXTRAORDINARY * median(intervals)
    return fmean([interval for interval in intervals if interval <= longest])


def _steady(ages: Sequence[float]) -> bool:
    usual = median(ages)
    return usual > 1.0 and sum(abs(age - usual) <= STEADY * usual for age in ages) >= MOST * len(ages)


def _ratio(number: float, occasions: int, few: float = FEW) -> tuple[float, int]:
    """How often for each occasion; what is rare is an exception."""
    share = number / occasions
    return (round(min(share, ENDLESS), 3) if share > few else 0.0), occasions
