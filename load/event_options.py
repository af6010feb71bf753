"""The options of `pass-load run` and `pass-load forecast` that select an event."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import click

from pass_harness.load import event as events
from pass_harness.load.time_scale import at_speed
from pass_harness.mock_server.cli.options import FiniteRange, completion_of

_OPTIONS = (
    click.option(
        "--event",
        "event_name",
        required=True,
        metavar="EVENT",
        shell_complete=completion_of(events.packaged, files=True),
        help="An event.toml, or the name of a packaged event.",
    ),
    click.option(
        "--audience",
        type=click.IntRange(1, events.LARGEST_AUDIENCE),
        help="Number of viewers; overrides the event file.",
    ),
    click.option(
        "--speed",
        type=FiniteRange(0.01, 100_000),
        default=1.0,
        show_default=True,
        help="Speed factor for viewers and incidents; the service and Adobe Pass keep real time.",
    ),
)


def event_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options of an event to a command, which gets the `Event` as ``event``."""

    @wraps(command)
    def with_event(
        *arguments: Any,  # noqa: ANN401 - other arguments of the command, unchanged
        event_name: str,
        audience: int | None,
        speed: float,
        **options: Any,  # noqa: ANN401 - as above
    ) -> None:
        event = events.load(events.find(event_name), audience=audience)
        command(*arguments, event=at_speed(event, speed), **options)

    for option in reversed(_OPTIONS):
        with_event = option(with_event)
    return with_event
