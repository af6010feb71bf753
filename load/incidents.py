"""Incidents: faults and changes of Adobe Pass and TV providers during an event."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import msgspec

from pass_harness.mock_server.behaviours.effects import Effect
from pass_harness.mock_server.behaviours.model import Behaviour, Match
from pass_harness.mock_server.behaviours.presets import PresetCall, presets
from pass_harness.mock_server.domain import degradation
from pass_harness.mock_server.formats.durations import Duration, Written, parse_duration


class Moment(Written):
    """A time in the event, counted from its start: ``+90s``."""

    form: ClassVar[Any] = Annotated[str, msgspec.Meta(pattern=r"^\+\d")]

    def __init__(self, written: object) -> None:
        super().__init__(written)
        if not isinstance(written, str) or not written.startswith("+"):
            raise ValueError(f'{written!r} is not a time in the event: write "+90s" for 90 s after the start')
        self.seconds = parse_duration(written[1:]).seconds

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Moment) and other.seconds == self.seconds

    def __hash__(self) -> int:
        return hash(self.seconds)


class Incident(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """[[incidents]]: one incident and its duration."""

    at: Moment
    title: str = ""
    lasts: Duration | None = None
    """Duration of the behaviours; without it, until the end of the event."""
    behaviour: Behaviour | None = None
    preset: str | None = None
    degradation: str | None = None
    match: Match = Match()
    """Requests that a preset or a degradation applies to; a behaviour has a match of its own."""
    fail_over: bool = False
    """True if Adobe Pass fails over to its other data centre."""
    revoke_tokens: bool = False
    """True if all access tokens are revoked."""

    def __post_init__(self) -> None:
        given = [name for name in KINDS if getattr(self, name)]
        if len(given) != 1:
            raise ValueError(
                f"an incident needs exactly one of {', '.join(KINDS)}; found {' and '.join(given) or 'none'}"
            )
        if self.preset is not None and self.preset not in presets():
            raise ValueError(f'unknown preset "{self.preset}"; there are: {", ".join(presets())}')
        if self.degradation is not None and self.degradation not in degradation.RULES:
            raise ValueError(f"degradation is one of {', '.join(degradation.RULES)}")
        if self.lasts is not None and not self.behaviours():
            raise ValueError(f"{given[0]} has no duration: leave out lasts")

    @property
    def name(self) -> str:
        """Name of the incident in reports."""
        if self.title:
            return self.title
        if self.behaviour is not None:
            return self.behaviour.effect.kind
        return self.preset or self.degradation or ("fail-over" if self.fail_over else "tokens revoked")

    @property
    def begins(self) -> float:
        """Start in seconds from the start of the event."""
        return self.at.seconds

    @property
    def ends(self) -> float | None:
        """End in seconds; the start for incidents without a duration, None if it lasts to the end of the event."""
        if self.lasts is not None:
            return self.begins + self.lasts.seconds
        return None if self.behaviours() else self.begins

    def behaviours(self) -> tuple[Behaviour, ...]:
        """Return the behaviours to add to the mock; empty for a fail-over or revoked tokens."""
        if self.behaviour is not None:
            return (self.behaviour,)
        if self.preset is not None:
            return PresetCall(preset=self.preset, match=self.match).behaviours()
        if self.degradation is not None:
            return (Behaviour(effect=Effect(degradation=self.degradation), match=self.match),)
        return ()


KINDS = ("behaviour", "preset", "degradation", "fail_over", "revoke_tokens")
