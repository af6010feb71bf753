"""Which event a command is about: the options of `pass-load run` and `pass-load forecast`."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import click

from pass_harness.load import event as events
from pass_harness.load.time_scale import at_speed
from pass_harness.mock_server.cli.options import completion_of

_OPTIONS = (
    click.option(
        "--event",
        "event_name",
        required=True,
        metavar="EVENT",
        shell_complete=completion_of(events.packaged, files=True),
        help="An event.toml, or a packaged event.",
    ),
    click.option("--audience", type=click.IntRange(1, events.LARGEST_AUDIENCE), help="Instead of the event's own."),
    click.option(
        "--speed",
        type=click.FloatRange(0.01, 100_000),
        default=1.0,
        show_default=True,
        help="How many times as fast people act and things happen; service and Adobe Pass keep their own tempo.",
    ),
)


def event_options(command: Callable[..., None]) -> Callable[..., None]:
    """Gives the command the ``event`` that the options say."""

    @wraps(command)
    def with_event(
        *arguments: Any,  # noqa: ANN401 - what else the command takes, as it is
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
