"""Presets: the bad days that people ask for, by name (presets.toml)."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources

import msgspec

from pass_harness.mock_server.behaviours.model import Behaviour, Match
from pass_harness.mock_server.formats.durations import Duration, decode_hook


class Preset(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What happens, in a sentence, and the behaviours that make it happen."""

    about: str
    behaviours: tuple[Behaviour, ...]


class PresetCall(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A preset as configuration and control calls name it, narrowed to requests and to a time."""

    preset: str
    match: Match = Match()
    for_: Duration | None = msgspec.field(default=None, name="for")

    def behaviours(self) -> tuple[Behaviour, ...]:
        """The behaviours; ValueError for a preset that there is not."""
        found = presets().get(self.preset)
        if found is None:
            raise ValueError(f"there is no preset {self.preset!r}; there are: {', '.join(presets())}")
        return tuple(self._narrowed(behaviour) for behaviour in found.behaviours)

    def _narrowed(self, behaviour: Behaviour) -> Behaviour:
        given = {name: value for name, value in msgspec.structs.asdict(self.match).items() if value is not None}
        match = msgspec.structs.replace(behaviour.match, **given)
        return msgspec.structs.replace(behaviour, match=match, for_=self.for_ or behaviour.for_)


@cache
def presets() -> dict[str, Preset]:
    """Every preset by name."""
    text = (resources.files("pass_harness.mock_server.behaviours") / "presets.toml").read_text("utf-8")
    return msgspec.convert(tomllib.loads(text), dict[str, Preset], dec_hook=decode_hook)
