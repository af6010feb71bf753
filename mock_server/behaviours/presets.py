"""Fault presets: named lists of behaviours (presets.toml)."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources

import msgspec

from pass_harness.mock_server.behaviours.model import Behaviour, Match
from pass_harness.mock_server.formats.durations import Duration, decode_hook


class Preset(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A fault preset."""

    about: str
    """Description in one sentence."""
    behaviours: tuple[Behaviour, ...]


class PresetCall(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Activation of a preset, limited to matching requests and to a duration."""

    preset: str
    match: Match = Match()
    for_: Duration | None = msgspec.field(default=None, name="for")

    def behaviours(self) -> tuple[Behaviour, ...]:
        """Return the behaviours of the preset; raise ValueError if the preset does not exist."""
        preset = presets().get(self.preset)
        if preset is None:
            raise ValueError(f"there is no preset {self.preset!r}; there are: {', '.join(presets())}")
        return tuple(self._limited(behaviour) for behaviour in preset.behaviours)

    def _limited(self, behaviour: Behaviour) -> Behaviour:
        given = {name: value for name, value in msgspec.structs.asdict(self.match).items() if value is not None}
        match = msgspec.structs.replace(behaviour.match, **given)
        return msgspec.structs.replace(behaviour, match=match, for_=self.for_ or behaviour.for_)


@cache
def presets() -> dict[str, Preset]:
    """Return all presets by name."""
    text = (resources.files("pass_harness.mock_server.behaviours") / "presets.toml").read_text("utf-8")
    return msgspec.convert(tomllib.loads(text), dict[str, Preset], dec_hook=decode_hook)
