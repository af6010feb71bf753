"""slo.toml: the limits (service level objectives) of an event, and their evaluation.

docs/reference/slo-toml.md describes the format.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import msgspec

from pass_harness.conformance.verbs import VERBS
from pass_harness.load.incidents import Incident
from pass_harness.load.run_statistics import Demand, Latencies, Traffic
from pass_harness.load.timeline import Step, Timeline
from pass_harness.mock_server.formats.durations import Duration
from pass_harness.mock_server.formats.toml_file import TomlFile

GOOD_STEPS = 5
"""Number of consecutive good steps after which a service counts as recovered."""

Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Amount = Annotated[float, msgspec.Meta(ge=0)]


class VerbLimits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """[verbs.NAME]: limits of one verb."""

    p95: Duration | None = None
    p99: Duration | None = None
    error_share: Share | None = None


class Limits(VerbLimits, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """[slo]: limits of the whole event; omitted limits are not judged."""

    throttled_share: Share | None = None
    """Maximum share of calls to Adobe Pass with status 429."""
    findings_per_million: Amount | None = None
    amplification: Amount | None = None
    """Maximum number of calls to Adobe Pass per viewer action (verb)."""
    recovery: Duration | None = None
    """Maximum time from the end of an incident until the service has recovered."""


class SloFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The content of a slo.toml."""

    slo: Limits = Limits()
    verbs: dict[str, VerbLimits] = {}
    """Limits of individual verbs."""


class Slo(msgspec.Struct, frozen=True, kw_only=True):
    """A validated slo.toml."""

    limits: Limits = Limits()
    verbs: dict[str, VerbLimits] = {}


class Objective(msgspec.Struct, kw_only=True):
    """One limit and the measured value; ``holds`` is None if there was nothing to measure."""

    name: str
    """Name as in slo.toml: ``p95``, ``play.p95``, ``recovery after mvpd-down``."""
    limit: float
    measured: float | None
    holds: bool | None
    unit: str
    """Unit of both values: ms, s, share or count."""


def load(path: Path) -> Slo:
    """Read and validate a slo.toml. Raises `ConfigError` that names the place and the remedy."""
    file = TomlFile(path)
    file.require_known(SloFile, "section")
    verbs = file.data.get("verbs", {})
    if not isinstance(verbs, dict):
        raise file.error(("verbs",), "write [verbs.play] or the like, with p95, p99 or error_share")
    for verb in verbs:
        if verb not in VERBS:
            raise file.unknown(("verbs", verb), VERBS, "verb")
    slo = Slo(
        limits=file.table(("slo",), Limits), verbs={verb: file.table(("verbs", verb), VerbLimits) for verb in verbs}
    )
    if slo == Slo() or not any(_given(limits) for limits in (slo.limits, *slo.verbs.values())):
        raise file.error((), 'the file has no limit; write p95 = "500ms" or the like under [slo]')
    return slo


def judge(
    slo: Slo, demand: Demand, traffic: Traffic, timeline: Timeline, incidents: Sequence[Incident], findings: int
) -> list[Objective]:
    """Return every limit with its measured value."""
    return [
        *_of_verb("", slo.limits, demand.latencies, demand.actions, demand.errors),
        *_of_traffic(slo.limits, demand, traffic, findings),
        *_recoveries(slo.limits, timeline, incidents),
        *(
            objective
            for verb, limits in slo.verbs.items()
            for figures in [demand.verbs.get(verb)]
            for objective in _of_verb(
                f"{verb}.",
                limits,
                figures.latencies if figures else Latencies(),
                figures.calls if figures else 0,
                figures.errors if figures else 0,
            )
        ),
    ]


def recovered_after(
    incident: Incident, incidents: Sequence[Incident], timeline: Timeline, limits: VerbLimits
) -> float | None:
    """Return the seconds from the end of an incident to the recovery of the service; None without a recovery, or end.

    A step is bad if its error share or its p95 exceeds the limit. Steps from the start of the next incident on do not
    count.
    """
    if incident.ends is None:
        return None
    next_begins = min((other.begins for other in incidents if other.begins > incident.ends), default=math.inf)
    steps = list(timeline.steps())
    if next_begins < math.inf:
        steps = steps[: math.ceil(next_begins / timeline.width)]
    first = int(incident.ends / timeline.width)
    good = 0
    for number in range(first, len(steps)):
        good = 0 if _is_bad(steps[number], limits) else good + 1
        # At the end of the event, there may be fewer than GOOD_STEPS steps left.
        if good == GOOD_STEPS or (good and number == len(steps) - 1):
            begins = (number - good + 1) * timeline.width
            return round(max(0.0, begins - incident.ends), 3)
    return None if steps[first:] else 0.0


def _is_bad(step: Step, limits: VerbLimits) -> bool:
    if not step.verbs:
        return False
    if step.errors / step.verbs > (limits.error_share or 0.0):
        return True
    return limits.p95 is not None and step.latencies.percentile(95) > limits.p95


def _of_verb(prefix: str, limits: VerbLimits, latencies: Latencies, calls: int, errors: int) -> Iterator[Objective]:
    for name, percent in (("p95", 95), ("p99", 99)):
        limit: Duration | None = getattr(limits, name)
        if limit is not None:
            yield _objective(prefix + name, limit, latencies.percentile(percent) if calls else None, "ms")
    if limits.error_share is not None:
        yield _objective(f"{prefix}error_share", limits.error_share, _share(errors, calls), "share")


def _of_traffic(limits: Limits, demand: Demand, traffic: Traffic, findings: int) -> Iterator[Objective]:
    calls = traffic.calls.total()
    if limits.throttled_share is not None:
        share = _share(traffic.throttled.total(), calls)
        yield _objective("throttled_share", limits.throttled_share, share, "share")
    if limits.findings_per_million is not None:
        rate = findings / calls * 1_000_000 if calls else None
        yield _objective("findings_per_million", limits.findings_per_million, rate, "count")
    if limits.amplification is not None:
        yield _objective("amplification", limits.amplification, _share(calls, demand.actions), "count")


def _recoveries(limits: Limits, timeline: Timeline, incidents: Sequence[Incident]) -> Iterator[Objective]:
    if limits.recovery is None:
        return
    for incident in incidents:
        if incident.ends is not None:
            recovery_s = recovered_after(incident, incidents, timeline, limits)
            yield Objective(
                name=f"recovery after {incident.name}",
                limit=limits.recovery.seconds,
                measured=recovery_s,
                holds=recovery_s is not None and recovery_s <= limits.recovery.seconds,
                unit="s",
            )


def _objective(name: str, limit: float, measured: float | None, unit: str) -> Objective:
    holds = measured <= limit if measured is not None else None
    return Objective(
        name=name,
        limit=float(limit),
        measured=round(measured, 6) if measured is not None else None,
        holds=holds,
        unit=unit,
    )


def _share(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def _given(limits: VerbLimits) -> bool:
    return any(getattr(limits, name) is not None for name in limits.__struct_fields__)
