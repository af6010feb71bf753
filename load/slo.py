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
from pass_harness.load.run_statistics import Demand, Traffic, VerbFigures
from pass_harness.load.timeline import Step, Timeline
from pass_harness.mock_server.formats.durations import Duration
from pass_harness.mock_server.formats.toml_file import TomlFile

GOOD_SECONDS = 5
"""Number of good seconds in a row after which a service counts as recovered."""

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
    """One limit and the measured value; ``holds`` is None if there was nothing to measure, or with a ``note``."""

    name: str
    """Name as in slo.toml: ``p95``, ``play.p95``, ``recovery after mvpd-down``."""
    limit: float
    measured: float | None
    holds: bool | None
    unit: str
    """Unit of both values: ms, s, share or count."""
    note: str = ""
    """Reason why a measured value decides nothing."""


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
    slo: Slo,
    demand: Demand,
    traffic: Traffic,
    timeline: Timeline,
    incidents: Sequence[Incident],
    findings_per_million: float | None,
) -> list[Objective]:
    """Return every limit with its measured value."""
    return [
        *_of_verb("", slo.limits, demand, demand.actions),
        *_of_traffic(slo.limits, demand, traffic, findings_per_million),
        *_recoveries(slo.limits, timeline, incidents),
        *(
            objective
            for verb, limits in slo.verbs.items()
            for figures in [demand.verbs.get(verb) or VerbFigures()]
            for objective in _of_verb(f"{verb}.", limits, figures, figures.calls)
        ),
    ]


class Recovery(msgspec.Struct, frozen=True, kw_only=True):
    """The recovery of the service after an incident; times are in seconds from the end of the incident."""

    after: float | None
    """Time of the recovery; None if the service had not recovered when the event or the measurement ended."""
    least: float
    """Time for which the service had certainly not recovered."""
    is_measured: bool = True
    """False if no viewer acted after the incident, or if another incident was still active."""

    def holds(self, limit: float) -> bool | None:
        """Return whether the recovery took at most ``limit`` seconds; None if that is unknown."""
        if self.after is not None and self.after <= limit:
            return True
        return False if self.is_measured and self.least > limit else None


def recovered_after(
    incident: Incident, incidents: Sequence[Incident], timeline: Timeline, limits: VerbLimits
) -> Recovery | None:
    """Return the recovery of the service after an incident; None for an incident that lasts to the end.

    A step is bad if its error share or its p95 exceeds the limit. Steps from the start of the next incident on do not
    count.
    """
    ends, width = incident.ends, timeline.width
    if ends is None:
        return None
    next_begins = min((other.begins for other in incidents if other.begins > ends), default=math.inf)
    steps = list(timeline.steps())
    if next_begins < math.inf:
        steps = steps[: int(next_begins / width)]
    first, good, least = int(ends / width), 0, 0.0
    acted = is_measured = False
    for number in range(first, len(steps)):
        is_measured = is_measured or steps[number].verbs > 0
        if _is_bad(steps[number], limits):
            good, acted = 0, False
            # A longer step may have been bad at its beginning alone, which may be before the end of the incident.
            least = max(least, (number + (width == 1)) * width - ends)
            continue
        good, acted = good + 1, acted or steps[number].verbs > 0
        # At the end of the event, there may be fewer good seconds left. Viewers who do nothing show no recovery.
        if acted and (good * width >= GOOD_SECONDS or number == len(steps) - 1):
            after = max(0.0, (number - good + 1) * width - ends)
            return Recovery(after=round(after, 3), least=least, is_measured=not _overlap(incident, incidents))
    return Recovery(after=None, least=least, is_measured=is_measured and not _overlap(incident, incidents))


def _overlap(incident: Incident, incidents: Sequence[Incident]) -> bool:
    """Return whether another incident is active at the end of this one."""
    ends = incident.ends or 0.0
    return any(other.begins <= ends and (other.ends is None or other.ends > ends) for other in incidents)


def _is_bad(step: Step, limits: VerbLimits) -> bool:
    if not step.verbs:
        return False
    if step.errors / step.verbs > (limits.error_share or 0.0):
        return True
    return limits.p95 is not None and step.latencies.percentile(95) > limits.p95


def _of_verb(prefix: str, limits: VerbLimits, figures: VerbFigures | Demand, calls: int) -> Iterator[Objective]:
    for name, percent in (("p95", 95), ("p99", 99)):
        limit: Duration | None = getattr(limits, name)
        if limit is not None:
            measured = figures.latencies.percentile(percent) if calls else None
            objective = _objective(prefix + name, limit, measured, "ms")
            if objective.holds is False and figures.answered.percentile(percent) <= limit:
                objective.holds, objective.note = None, "exceeded only by the delay of the load generator"
            yield objective
    if limits.error_share is not None:
        yield _objective(f"{prefix}error_share", limits.error_share, _share(figures.errors, calls), "share")


def _of_traffic(
    limits: Limits, demand: Demand, traffic: Traffic, findings_per_million: float | None
) -> Iterator[Objective]:
    calls = traffic.calls.total()
    if limits.throttled_share is not None:
        share = _share(traffic.throttled.total(), calls)
        yield _objective("throttled_share", limits.throttled_share, share, "share")
    if limits.findings_per_million is not None:
        yield _objective("findings_per_million", limits.findings_per_million, findings_per_million, "count")
    if limits.amplification is not None:
        yield _objective("amplification", limits.amplification, _share(calls, demand.actions), "count")


def _recoveries(limits: Limits, timeline: Timeline, incidents: Sequence[Incident]) -> Iterator[Objective]:
    if limits.recovery is None:
        return
    for incident in incidents:
        recovery = recovered_after(incident, incidents, timeline, limits)
        if recovery is not None:
            holds = recovery.holds(limits.recovery.seconds)
            yield Objective(
                name=f"recovery after {incident.name}",
                limit=limits.recovery.seconds,
                measured=None if holds is None else recovery.after,
                holds=holds,
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
