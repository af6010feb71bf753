"""Incidents: what goes wrong (or is put right) at Adobe Pass and the TV providers while an event goes on."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import msgspec

from pass_harness.mock_server.behaviours.effects import Effect
from pass_harness.mock_server.behaviours.model import Behaviour, Match
from pass_harness.mock_server.behaviours.presets import PresetCall, presets
from pass_harness.mock_server.domain import degradation
from pass_harness.mock_server.formats.durations import Duration, Written, parse_duration


class Moment(Written):
    """A moment of the event, counted from its beginning: ``+90s``."""

    form: ClassVar[Any] = Annotated[str, msgspec.Meta(pattern=r"^\+\d")]

    def __init__(self, written: object) -> None:
        super().__init__(written)
        if not isinstance(written, str) or not written.startswith("+"):
            raise ValueError(f'{written!r} is no moment of the event: write "+90s" for 90 s after it began')
        self.seconds = parse_duration(written[1:]).seconds

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Moment) and other.seconds == self.seconds

    def __hash__(self) -> int:
        return hash(self.seconds)


class Incident(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """[[incidents]]: one thing that happens, and for how long."""

    at: Moment
    title: str = ""
    lasts: Duration | None = None
    """After so long it is switched off again; without it, it stays to the end of the event."""
    behaviour: Behaviour | None = None
    preset: str | None = None
    degradation: str | None = None
    match: Match = Match()
    """Which requests a preset or a degradation is for; a behaviour has a match of its own."""
    fail_over: bool = False
    """Adobe Pass moves to its other data centre."""
    revoke_tokens: bool = False
    """Every access token is revoked."""

    def __post_init__(self) -> None:
        given = [name for name in KINDS if getattr(self, name)]
        if len(given) != 1:
            raise ValueError(f"an incident is one of {', '.join(KINDS)}; this one is {' and '.join(given) or 'none'}")
        if self.preset is not None and self.preset not in presets():
            raise ValueError(f'there is no preset "{self.preset}"; there are: {", ".join(presets())}')
        if self.degradation is not None and self.degradation not in degradation.RULES:
            raise ValueError(f"degradation is one of {', '.join(degradation.RULES)}")
        if self.lasts is not None and not self.behaviours():
            raise ValueError(f"{given[0]} happens at one moment: leave out lasts")

    @property
    def name(self) -> str:
        """What reports call it."""
        if self.title:
            return self.title
        if self.behaviour is not None:
            return self.behaviour.effect.kind
        return self.preset or self.degradation or ("fail-over" if self.fail_over else "tokens revoked")

    @property
    def begins(self) -> float:
        """In seconds from the beginning of the event."""
        return self.at.seconds

    @property
    def ends(self) -> float | None:
        """When it is over: at once where it is of one moment, None where it stays."""
        if self.lasts is not None:
            return self.begins + self.lasts.seconds
        return None if self.behaviours() else self.begins

    def behaviours(self) -> tuple[Behaviour, ...]:
        """What the mock is to be given; nothing where the incident is of one moment."""
        if self.behaviour is not None:
            return (self.behaviour,)
        if self.preset is not None:
            return PresetCall(preset=self.preset, match=self.match).behaviours()
        if self.degradation is not None:
            return (Behaviour(effect=Effect(degradation=self.degradation), match=self.match),)
        return ()


KINDS = ("behaviour", "preset", "degradation", "fail_over", "revoke_tokens")
