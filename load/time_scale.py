"""Time scaling of an event: viewers and incidents go faster, or slower, by a factor.

The service, Adobe Pass and its rate limits keep real time. A day in a minute therefore predicts no real day, but
every part of the event happens, in order.
"""

from __future__ import annotations

import msgspec

from pass_harness.load.event import Event, Stage, ViewerKind
from pass_harness.load.incidents import Incident, Moment
from pass_harness.mock_server.formats.durations import Duration, format_duration


def at_speed(event: Event, speed: float) -> Event:
    """Return the event, ``speed`` times as fast."""
    return msgspec.structs.replace(
        event,
        duration=_scaled(event.duration, speed),
        typing=_scaled(event.typing, speed),
        stages=tuple(_stage(stage, speed) for stage in event.stages),
        viewers=tuple(_kind(kind, speed) for kind in event.viewers),
        incidents=tuple(_incident(incident, speed) for incident in event.incidents),
        speed=event.speed * speed,
    )


def _stage(stage: Stage, speed: float) -> Stage:
    return msgspec.structs.replace(stage, lasts=_scaled(stage.lasts, speed))


def _kind(kind: ViewerKind, speed: float) -> ViewerKind:
    # Patience stays: it depends on the service, which keeps real time.
    return msgspec.structs.replace(kind, watches=_scaled(kind.watches, speed))


def _incident(incident: Incident, speed: float) -> Incident:
    at = Moment(f"+{format_duration(Duration(round(incident.at.seconds * 1000 / speed)))}")
    lasts = None if incident.lasts is None else _scaled(incident.lasts, speed)
    return msgspec.structs.replace(incident, at=at, lasts=lasts)


def _scaled(length: Duration, speed: float) -> Duration:
    """Return the duration divided by ``speed``, at least one millisecond."""
    return Duration(max(1, round(length / speed)))
