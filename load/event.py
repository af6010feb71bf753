"""event.toml: who comes to an event, when, what they do there, and what goes wrong meanwhile.

The format is described in docs/reference/event-toml.md. Whatever is wrong with a file is said before anything is
sent: `ConfigError` names the file, line and column, and the key.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib import resources
from pathlib import Path
from typing import Annotated, TypeVar

import msgspec

from pass_harness.conformance.errors import ConfigError
from pass_harness.load.arrival_curves import CURVES
from pass_harness.load.device_platforms import PLATFORMS
from pass_harness.load.incidents import Incident
from pass_harness.mock_server.formats.durations import Duration, parse_duration
from pass_harness.mock_server.formats.toml_file import TomlFile, nearest

SECOND_SCREEN, FIRST_SCREEN, RETURNING, TEMP_PASS = "second-screen", "first-screen", "returning", "temp-pass"
ENTRANCES = (SECOND_SCREEN, FIRST_SCREEN, RETURNING, TEMP_PASS)
"""How viewers come in: by typing a code on a phone, by a login within the app, logged in before, or without one."""
OPEN, CLOSED = "open", "closed"
WORKLOADS = (OPEN, CLOSED)
LARGEST_AUDIENCE = 1_000_000_000
LARGEST_HOUSEHOLD = 100
CATALOGUE = tuple(f"resource{number}" for number in range(1, 9))
"""What the mock's default subscribers may watch, but for resource3, which every one of them is denied."""

T = TypeVar("T")
Positive = Annotated[float, msgspec.Meta(gt=0)]
Shares = dict[str, float]
"""How large a share each name has, in proportion to the others."""


class Outline(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """[event]: how large it is and how long it takes."""

    audience: Annotated[int, msgspec.Meta(ge=1, le=LARGEST_AUDIENCE)]
    duration: Duration
    """From the first moment of the first stage to the end, when those who still watch leave."""
    title: str = ""
    workload: str = OPEN
    """One of `WORKLOADS`: viewers come on schedule, or come back as soon as they have left."""
    curve: str = ""
    """One of `CURVES`, in the place of stages."""
    typing: Duration = parse_duration("4s")
    """How long viewers take to log in at the TV provider; half to one and a half times this, by chance."""
    warm_up: Positive = 10.0
    """Logins a second with which returning viewers are logged in before the event."""
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
    looks_again: bool = False
    """Whether their app shows the catalogue again before they go on, and so asks again what it may show."""
    logs_out: bool = False
    """Whether they log out when they leave."""
    retries: Annotated[int, msgspec.Meta(ge=0, le=20)] = 0
    """How often they press the key again where a verb failed."""
    patience: Duration | None = None
    """How long they wait for an answer until it has failed for them; without it, as long as the service may take."""
    mvpd: str = ""
    """The TV provider that they choose; without it, one of [mvpds] by chance."""


class EventFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An event.toml, as it is written."""

    event: Outline
    stages: tuple[Stage, ...] = ()
    """Who arrives when; or a curve under [event]."""
    viewers: tuple[ViewerKind, ...]
    """Kinds of viewers."""
    mvpds: Shares = {}
    """The TV providers that viewers choose, each with its share."""
    devices: Shares = {}
    """The kinds of devices, each with its share."""
    households: Shares = {}
    """How many devices share one address, each number with its share."""
    incidents: tuple[Incident, ...] = ()
    """What goes wrong meanwhile."""


class Event(Outline, frozen=True, kw_only=True):
    """A valid event."""

    name: str
    stages: tuple[Stage, ...]
    viewers: tuple[ViewerKind, ...]
    mvpds: Shares = {}
    devices: Shares = {}
    households: Shares = {}
    """By how many devices have one address."""
    incidents: tuple[Incident, ...] = ()
    speed: float = 1.0
    """How many times as fast it goes as the file says (`pass_harness.load.time_scale`)."""

    @property
    def peak(self) -> float:
        """Arrivals per second in the fullest stage."""
        shares = sum(stage.share for stage in self.stages)
        return max(self.audience * stage.share / shares / stage.lasts.seconds for stage in self.stages)

    @property
    def household(self) -> float:
        """How many devices an address has on the average."""
        shares = sum(self.households.values())
        return sum(int(size) * share for size, share in self.households.items()) / shares if shares else 1.0


def packaged() -> dict[str, Path]:
    """The events that come with the package, by name."""
    with resources.as_file(resources.files("pass_harness.load") / "events") as folder:
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
    file.require_known(EventFile, "section")
    if not isinstance(file.data.get("event"), dict):
        raise file.error(("event",), "there is no [event]; add one with audience and duration")
    outline = file.table(("event",), Outline)
    event = Event(
        **msgspec.structs.asdict(outline),
        name=path.stem,
        stages=_stages(file, outline),
        viewers=_entries(file, "viewers", ViewerKind, f'entrance = "{SECOND_SCREEN}"'),
        mvpds=_shares(file, "mvpds"),
        devices=_shares(file, "devices", PLATFORMS, "kind of device"),
        households=_households(file),
        incidents=_entries(file, "incidents", Incident) if "incidents" in file.data else (),
    )
    _check(file, event)
    return msgspec.structs.replace(event, audience=audience or event.audience)


def _stages(file: TomlFile, outline: Outline) -> tuple[Stage, ...]:
    if not outline.curve:
        return _entries(file, "stages", Stage, 'lasts = "30s" and share = 1, or a curve under [event]')
    if outline.curve not in CURVES:
        raise file.error(("event", "curve"), f'there is no curve "{outline.curve}"; {nearest(outline.curve, CURVES)}')
    if "stages" in file.data:
        raise file.error(("stages",), "the curve under [event] already says who arrives when: keep one of the two")
    return tuple(
        # At least a millisecond, however short the event.
        Stage(lasts=Duration(max(1, int(outline.duration * part))), share=share)
        for part, share in CURVES[outline.curve]
    )


def _entries(file: TomlFile, name: str, shape: type[T], example: str = "") -> tuple[T, ...]:
    entries = file.data.get(name, [])
    if not isinstance(entries, list) or not entries:
        raise file.error((name,), f"write [[{name}]], at least one{f', with {example}' if example else ''}")
    return tuple(file.table((name, index), shape) for index in range(len(entries)))


def _shares(file: TomlFile, name: str, known: Iterable[str] = (), what: str = "") -> Shares:
    shares = file.table((name,), Shares)
    for key in shares:
        if what and key not in known:
            raise file.unknown((name, key), known, what)
        if not 0 <= shares[key] < float("inf"):
            raise file.error((name, key), f"a share is 0 or more, not {shares[key]:g}")
    if name in file.data and not sum(shares.values()):
        raise file.error((name,), f"[{name}] leaves nobody: give an entry a share above 0")
    return shares


def _households(file: TomlFile) -> Shares:
    shares = _shares(file, "households")
    for size in shares:
        if not (size.isascii() and size.isdigit() and 1 <= int(size) <= LARGEST_HOUSEHOLD):
            sentence = f'"{size}" is no number of devices: write 1 to {LARGEST_HOUSEHOLD}, like 4 = 10'
            raise file.error(("households", size), sentence)
    return shares


def _check(file: TomlFile, event: Event) -> None:
    if event.workload not in WORKLOADS:
        sentence = f'there is no workload "{event.workload}"; {nearest(event.workload, WORKLOADS)}'
        raise file.error(("event", "workload"), sentence)
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
    for index, incident in enumerate(event.incidents):
        if incident.begins > event.duration.seconds:
            sentence = f"the event is over after {event.duration.seconds:g} s: name an earlier moment"
            raise file.error(("incidents", index, "at"), sentence)
