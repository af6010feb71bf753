"""event.toml: who comes to an event, when, and what they do there.

The format is described in docs/reference/event-toml.md. Whatever is wrong with a file is said before anything is
sent: `ConfigError` names the file, the line and the key.
"""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Annotated, TypeVar

import msgspec

from conformance.errors import ConfigError
from conformance.toml_file import TomlFile, nearest
from mock_server.durations import Duration, parse_duration

SECOND_SCREEN, FIRST_SCREEN = "second-screen", "first-screen"
ENTRANCES = (SECOND_SCREEN, FIRST_SCREEN)
"""How viewers come in: they log in by typing a code on a phone, or in a browser within the app."""
LARGEST_AUDIENCE = 131_000
"""As many virtual devices have an address of their own; see `fixtures.devices`."""
CATALOGUE = tuple(f"resource{number}" for number in range(1, 9))
"""What the mock's default subscribers may watch, but for resource3, which every one of them is denied."""

T = TypeVar("T")
Positive = Annotated[float, msgspec.Meta(gt=0)]


class Outline(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """[event]: how large it is and how long it takes."""

    audience: Annotated[int, msgspec.Meta(ge=1, le=LARGEST_AUDIENCE)]
    duration: Duration
    """From the first moment of the first stage to the end, when those who still watch leave."""
    title: str = ""
    typing: Duration = parse_duration("4s")
    """How long viewers take to log in at the TV provider; half to one and a half times this, by chance."""
    resources: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)] = CATALOGUE
    """What there is to watch."""


class Stage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """[[stages]]: a part of the event in which a share of the audience arrives, spread evenly by chance."""

    lasts: Duration
    share: Annotated[float, msgspec.Meta(ge=0)]
    """In proportion to the shares of the other stages."""


class ViewerKind(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """[[viewers]]: a kind of viewer, and how many of the audience are like that."""

    entrance: str
    """One of `ENTRANCES`."""
    weight: Positive = 1.0
    """In proportion to the weights of the other kinds."""
    zaps: Annotated[int, msgspec.Meta(ge=0)] = 0
    """How often they go on to another resource after the first."""
    watches: Duration = parse_duration("4s")
    """How long they stay with each; half to one and a half times this, by chance."""
    preauthorizes: bool = True
    """Whether their app asks beforehand which resources it may show."""


class Event(Outline, frozen=True, kw_only=True):
    """A valid event."""

    name: str
    stages: tuple[Stage, ...]
    viewers: tuple[ViewerKind, ...]

    @property
    def peak(self) -> float:
        """Arrivals per second in the fullest stage."""
        shares = sum(stage.share for stage in self.stages)
        return max(self.audience * stage.share / shares / stage.lasts.seconds for stage in self.stages)


def packaged() -> dict[str, Path]:
    """The events that come with the package, by name."""
    with resources.as_file(resources.files("load") / "events") as folder:
        return {path.stem: path for path in sorted(folder.glob("*.toml"))}


def find(given: str) -> Path:
    """The file of an event given by its path or, if it comes with the package, by its name."""
    known = packaged()
    if given in known:
        return known[given]
    if "." not in given and not Path(given).exists():
        raise ConfigError(f'there is no event "{given}"; {nearest(given, known)}, or name a file')
    return Path(given)


def load(path: Path, *, audience: int | None = None) -> Event:
    """Reads an event.toml; ``audience`` takes the place of what the file says.

    Raises `ConfigError` with one sentence that names the place and the remedy.
    """
    file = TomlFile(path)
    for section in file.data:
        if section not in {"event", "stages", "viewers"}:
            raise file.unknown((section,), ("event", "stages", "viewers"), "section")
    if not isinstance(file.data.get("event"), dict):
        raise file.error(("event",), "there is no [event]; add one with audience and duration")
    outline = file.table(("event",), Outline)
    event = Event(
        **msgspec.structs.asdict(outline),
        name=path.stem,
        stages=_entries(file, "stages", Stage, 'lasts = "30s" and share = 1'),
        viewers=_entries(file, "viewers", ViewerKind, f'entrance = "{SECOND_SCREEN}"'),
    )
    _check(file, event)
    return msgspec.structs.replace(event, audience=audience or event.audience)


def _entries(file: TomlFile, name: str, shape: type[T], example: str) -> tuple[T, ...]:
    entries = file.data.get(name, [])
    if not isinstance(entries, list) or not entries:
        raise file.error((name,), f"an event has at least one [[{name}]], with {example}")
    return tuple(file.table((name, index), shape) for index in range(len(entries)))


def _check(file: TomlFile, event: Event) -> None:
    arriving = sum(stage.lasts for stage in event.stages)
    for index, stage in enumerate(event.stages):
        if stage.lasts <= 0:
            raise file.error(("stages", index, "lasts"), 'a stage takes time; write lasts = "10s" or the like')
    if arriving > event.duration:
        sentence = (
            f"the stages last {arriving / 1000:g} s, longer than the whole event: "
            "raise duration, or shorten the stages"
        )
        raise file.error(("event", "duration"), sentence)
    if not sum(stage.share for stage in event.stages):
        raise file.error(("stages", 0, "share"), "nobody arrives: give a stage a share above 0")
    for index, kind in enumerate(event.viewers):
        if kind.entrance not in ENTRANCES:
            sentence = f'there is no entrance "{kind.entrance}"; {nearest(kind.entrance, ENTRANCES)}'
            raise file.error(("viewers", index, "entrance"), sentence)
