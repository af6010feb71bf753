"""An event at another tempo: what people do, and when things happen, goes so many times as fast.

The service, Adobe Pass and its limits keep their own: a day in a minute is none of the days that will come, but all
that happens in it happens, and in its order.
"""

from __future__ import annotations

import msgspec

from pass_harness.load.event import Event, Stage, ViewerKind
from pass_harness.load.incidents import Incident, Moment
from pass_harness.mock_server.formats.durations import Duration, format_duration


def at_speed(event: Event, speed: float) -> Event:
    """The event, ``speed`` times as fast."""
    return msgspec.structs.replace(
        event,
        duration=_shorter(event.duration, speed),
        typing=_shorter(event.typing, speed),
        stages=tuple(_stage(stage, speed) for stage in event.stages),
        viewers=tuple(_kind(kind, speed) for kind in event.viewers),
        incidents=tuple(_incident(incident, speed) for incident in event.incidents),
        speed=event.speed * speed,
    )


def _stage(stage: Stage, speed: float) -> Stage:
    return msgspec.structs.replace(stage, lasts=_shorter(stage.lasts, speed))


def _kind(kind: ViewerKind, speed: float) -> ViewerKind:
    # How long people wait for an answer is up to the service, which is no faster.
    return msgspec.structs.replace(kind, watches=_shorter(kind.watches, speed))


def _incident(incident: Incident, speed: float) -> Incident:
    at = Moment(f"+{format_duration(Duration(round(incident.at.seconds * 1000 / speed)))}")
    lasts = None if incident.lasts is None else _shorter(incident.lasts, speed)
    return msgspec.structs.replace(incident, at=at, lasts=lasts)


def _shorter(length: Duration, speed: float) -> Duration:
    """At least a millisecond."""
    return Duration(max(1, round(length / speed)))
