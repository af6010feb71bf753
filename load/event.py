"""event.toml: arrivals and actions of viewers, and incidents.

docs/reference/event-toml.md describes the format. Reading validates the whole file: `ConfigError` names file, line,
column and key.
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
from pass_harness.mock_server.behaviours.match_check import unknown_endpoint
from pass_harness.mock_server.formats.durations import Duration, parse_duration
from pass_harness.mock_server.formats.toml_file import TomlFile, nearest
from pass_harness.mock_server.routes import ENDPOINTS, identifiers

SECOND_SCREEN, FIRST_SCREEN, RETURNING, TEMP_PASS = "second-screen", "first-screen", "returning", "temp-pass"
ENTRANCES = (SECOND_SCREEN, FIRST_SCREEN, RETURNING, TEMP_PASS)
"""Entrances of viewers: code entered on a phone, login within the app, logged in before the event, TempPass."""
OPEN, CLOSED = "open", "closed"
WORKLOADS = (OPEN, CLOSED)
LARGEST_AUDIENCE = 1_000_000_000
LARGEST_HOUSEHOLD = 100
CATALOGUE = tuple(f"resource{number}" for number in range(1, 9))
"""Resources of the mock's default catalogue. Its default subscribers may watch all of them except resource3."""

T = TypeVar("T")
Positive = Annotated[float, msgspec.Meta(gt=0)]
Shares = dict[str, float]
"""Relative share of each name; the sum is arbitrary."""


class Outline(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """[event]: audience, duration and defaults of an event."""

    audience: Annotated[int, msgspec.Meta(ge=1, le=LARGEST_AUDIENCE)]
    duration: Duration
    """From the start of the first stage to the end of the event, when the remaining viewers leave."""
    title: str = ""
    workload: str = OPEN
    """One of `WORKLOADS`: viewers arrive on schedule (open), or start again when a visit ends (closed)."""
    curve: str = ""
    """Name of a curve of `CURVES`, in place of [[stages]]."""
    typing: Duration = parse_duration("4s")
    """Mean time of a login at the TV provider, multiplied by a random factor from 0.5 to 1.5."""
    warm_up: Positive = 10.0
    """Logins per second of returning viewers at the start of the warm-up before the event; the rate then adapts."""
    resources: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)] = CATALOGUE
    """Resources that viewers play."""


class Stage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """[[stages]]: a part of the event in which a share of the audience arrives, at random times."""

    lasts: Duration
    share: Annotated[float, msgspec.Meta(ge=0)]
    """Relative to the shares of the other stages."""


class ViewerKind(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """[[viewers]]: a kind of viewer and its weight in the audience."""

    entrance: str
    """One of `ENTRANCES`."""
    weight: Positive = 1.0
    """Relative to the weights of the other kinds."""
    zaps: Annotated[int, msgspec.Meta(ge=0)] = 0
    """Number of switches to another resource after the first."""
    watches: Duration = parse_duration("4s")
    """Mean viewing time of each resource, multiplied by a random factor from 0.5 to 1.5."""
    preauthorizes: bool = True
    """True if the app preauthorizes the resources before it shows them."""
    looks_again: bool = False
    """True if the app shows the catalogue, and preauthorizes, again before each switch."""
    logs_out: bool = False
    """True if the viewer logs out at the end of the visit."""
    retries: Annotated[int, msgspec.Meta(ge=0, le=20)] = 0
    """Number of times the viewer repeats a failed verb."""
    patience: Duration | None = None
    """Time until a verb without a response counts as failed; by default, the timeout of the service."""
    mvpd: str = ""
    """TV provider of these viewers; by default, a random one of [mvpds]."""


class EventFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The content of an event.toml."""

    event: Outline
    stages: tuple[Stage, ...] = ()
    """Stages of arrivals; alternatively, a curve under [event]."""
    viewers: tuple[ViewerKind, ...]
    """Kinds of viewers."""
    mvpds: Shares = {}
    """Share of each TV provider."""
    devices: Shares = {}
    """Share of each kind of device."""
    households: Shares = {}
    """Share of households by number of devices per address."""
    incidents: tuple[Incident, ...] = ()
    """Incidents during the event."""


class Event(Outline, frozen=True, kw_only=True):
    """A validated event."""

    name: str
    stages: tuple[Stage, ...]
    viewers: tuple[ViewerKind, ...]
    mvpds: Shares = {}
    devices: Shares = {}
    households: Shares = {}
    """Share of households by number of devices per address."""
    incidents: tuple[Incident, ...] = ()
    speed: float = 1.0
    """Speed of viewers and incidents relative to the file (`pass_harness.load.time_scale`)."""

    @property
    def peak(self) -> float:
        """Arrivals per second in the busiest stage."""
        shares = sum(stage.share for stage in self.stages)
        return max(self.audience * stage.share / shares / stage.lasts.seconds for stage in self.stages)

    @property
    def household(self) -> float:
        """Mean number of devices per address."""
        shares = sum(self.households.values())
        return sum(int(size) * share for size, share in self.households.items()) / shares if shares else 1.0


def packaged() -> dict[str, Path]:
    """Return the files of the packaged events, by name."""
    with resources.as_file(resources.files("pass_harness.load") / "events") as folder:
        return {path.stem: path for path in sorted(folder.glob("*.toml"))}


def find(given: str) -> Path:
    """Return the file of an event, given by path or by the name of a packaged event.

    Raises `ConfigError` for an unknown name.
    """
    known = packaged()
    if given in known:
        return known[given]
    if "." not in given and not Path(given).exists():
        raise ConfigError(f'unknown event "{given}"; {nearest(given, known)}, or give a file')
    return Path(given)


def load(path: Path, *, audience: int | None = None) -> Event:
    """Read and validate an event.toml; ``audience`` overrides the audience of the file.

    Raises `ConfigError` that names the place and the remedy.
    """
    file = TomlFile(path)
    file.require_known(EventFile, "section")
    if not isinstance(file.data.get("event"), dict):
        raise file.error(("event",), "missing section [event]; add it with audience and duration")
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
        raise file.error(("event", "curve"), f'unknown curve "{outline.curve}"; {nearest(outline.curve, CURVES)}')
    if "stages" in file.data:
        raise file.error(("stages",), "[event] curve already defines the arrivals: keep one of the two")
    return tuple(
        # At least one millisecond, even in a short event.
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
        raise file.error((name,), f"all shares of [{name}] are 0: give an entry a share above 0")
    return shares


def _households(file: TomlFile) -> Shares:
    shares = _shares(file, "households")
    for size in shares:
        if not (size.isascii() and size.isdigit() and 1 <= int(size) <= LARGEST_HOUSEHOLD):
            sentence = f'invalid number of devices "{size}": write 1 to {LARGEST_HOUSEHOLD}, like 4 = 10'
            raise file.error(("households", size), sentence)
    return shares


def _check(file: TomlFile, event: Event) -> None:
    if event.workload not in WORKLOADS:
        sentence = f'unknown workload "{event.workload}"; {nearest(event.workload, WORKLOADS)}'
        raise file.error(("event", "workload"), sentence)
    arriving = sum(stage.lasts for stage in event.stages)
    for index, stage in enumerate(event.stages):
        if stage.lasts <= 0:
            raise file.error(
                ("stages", index, "lasts"), 'the duration of a stage must be above 0; write lasts = "10s" or the like'
            )
    if arriving > event.duration:
        sentence = (
            f"the stages last {arriving / 1000:g} s, longer than the whole event: "
            "raise duration, or shorten the stages"
        )
        raise file.error(("event", "duration"), sentence)
    if not sum(stage.share for stage in event.stages):
        raise file.error(("stages", 0, "share"), "all shares are 0: give a stage a share above 0")
    for index, kind in enumerate(event.viewers):
        if kind.entrance not in ENTRANCES:
            sentence = f'unknown entrance "{kind.entrance}"; {nearest(kind.entrance, ENTRANCES)}'
            raise file.error(("viewers", index, "entrance"), sentence)
    for index, incident in enumerate(event.incidents):
        if incident.begins > event.duration.seconds:
            sentence = f"the event ends after {event.duration.seconds:g} s: set an earlier time"
            raise file.error(("incidents", index, "at"), sentence)
        for behaviour in incident.behaviours():
            if unknown := unknown_endpoint(behaviour.match, identifiers(ENDPOINTS)):
                table = ("behaviour", "match") if incident.behaviour else ("match",)
                raise file.error(("incidents", index, *table, "endpoint"), unknown)
