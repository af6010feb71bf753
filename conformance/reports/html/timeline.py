"""The layout of a timeline: positions and labels of the exchanges and verbs of a scene.

Time runs to the right. A pause is drawn as wide as the square root of its duration, up to a limit, where the axis has
a break. So milliseconds and seconds can be told apart in one picture, and an hour takes little room.
The picture is not to scale, and says so; every pause has a label with its duration.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import sqrt

from pass_harness.conformance.reports.evidence_scene import ExchangeReport, SceneReport, VerbCallReport
from pass_harness.conformance.reports.numbers import clock, span

LEFT, RIGHT = 118.0, 40.0
TOP, LANE, AXIS = 40.0, 60.0, 34.0
WIDTH = 860.0
"""Minimum width of a timeline."""
PER_ROOT_OF_SECOND = 64.0
SMALLEST_STEP, LARGEST_STEP = 36.0, 160.0
LONGEST_UNBROKEN_S = ((LARGEST_STEP - SMALLEST_STEP) / PER_ROOT_OF_SECOND) ** 2
"""Pause from which on the axis has a break."""
MOST_STRETCHED = 2.5
CHARACTER = 7.0
"""Approximate width of a character."""

APP = "verbs of the app"
_LANES = (
    ("registration", ("dcr.",)),
    ("configuration", ("configuration",)),
    ("sessions", ("sessions.",)),
    ("polls", ("profiles.code",)),
    ("profiles", ("profiles",)),
    ("decisions", ("decisions.",)),
    ("logout", ("logout",)),
    ("the viewer's browser", ("authenticate", "browser.", "cors.")),
)
OTHER = "other calls"

SHAPES = {
    "answered": "answered",
    "waiting": "no profile yet",
    "granted": "profile or permit",
    "denied": "denied",
    "throttled": "throttled (429)",
    "failed": "error, or no answer",
}
"""Meaning of each shape of a mark."""
_OUTCOMES = {
    "permit": "granted",
    "profile": "granted",
    "mixed": "granted",
    "deny": "denied",
    "no profile": "waiting",
    "throttled": "throttled",
    "error": "failed",
    "broken": "failed",
}


@dataclass(frozen=True)
class Lane:
    label: str
    y: float


@dataclass(frozen=True)
class Mark:
    """An exchange."""

    x: float
    y: float
    shape: str
    title: str
    cited: bool
    label: str
    """Id of a cited exchange; empty where it has no room."""


@dataclass(frozen=True)
class Bar:
    """A verb, from request to answer."""

    x: float
    y: float
    width: float
    label: str
    title: str
    failed: bool


@dataclass(frozen=True)
class Interval:
    """The time between the starts of two cited exchanges of a lane."""

    left: float
    right: float
    y: float
    label: str


@dataclass(frozen=True)
class Step:
    """The time between two neighbouring moments on the axis; ``broken`` where the axis has a break."""

    left: float
    right: float
    label: str
    broken: bool


@dataclass(frozen=True)
class Timeline:
    width: float
    height: float
    lanes: tuple[Lane, ...]
    marks: tuple[Mark, ...]
    bars: tuple[Bar, ...]
    intervals: tuple[Interval, ...]
    steps: tuple[Step, ...]
    zero: float
    """Position of the first cited exchange."""

    @property
    def axis(self) -> float:
        return self.height - AXIS

    @property
    def note(self) -> str:
        """Sentence on the scale of the axis."""
        breaks = f", with a break above {span(LONGEST_UNBROKEN_S)}" if any(step.broken for step in self.steps) else ""
        return (
            f"Not to scale: longer pauses are drawn shorter{breaks}. The axis names the time between neighbouring "
            "marks; intervals run from the start of a request to the start of the next."
        )

    @property
    def legend(self) -> dict[str, str]:
        """The shapes of the timeline, with their meanings."""
        shown = {mark.shape for mark in self.marks}
        return {shape: meaning for shape, meaning in SHAPES.items() if shape in shown}


class _Scale:
    """The mapping of seconds to horizontal positions, by interpolation between moments."""

    def __init__(self, moments: Sequence[float]) -> None:
        self.moments = sorted(set(moments))
        self.places = [LEFT + SMALLEST_STEP]
        self._broken: list[bool] = []
        for before, after in pairwise(self.moments):
            is_broken = after - before > LONGEST_UNBROKEN_S
            width = SMALLEST_STEP + sqrt(after - before) * PER_ROOT_OF_SECOND
            self.places.append(self.places[-1] + (LARGEST_STEP if is_broken else width))
            self._broken.append(is_broken)
        self._stretch()

    def _stretch(self) -> None:
        first, last = self.places[0], self.places[-1]
        if last > first:
            factor = min(max((WIDTH - RIGHT - first) / (last - first), 1.0), MOST_STRETCHED)
            self.places = [first + (place - first) * factor for place in self.places]

    def place(self, moment: float) -> float:
        index = bisect_right(self.moments, moment) - 1
        if index < 0 or index == len(self.moments) - 1:
            return self.places[max(index, 0)]
        share = (moment - self.moments[index]) / (self.moments[index + 1] - self.moments[index])
        return self.places[index] + share * (self.places[index + 1] - self.places[index])

    def steps(self) -> Iterator[Step]:
        steps = zip(pairwise(self.moments), pairwise(self.places), self._broken, strict=True)
        for (before, after), (left, right), broken in steps:
            yield Step(left, right, span(after - before), broken)


def timeline(scene: SceneReport) -> Timeline | None:
    """Return the timeline of a scene, or None for a scene without exchanges and verbs."""
    moments = [exchange.seconds for exchange in scene.exchanges]
    moments += [moment for verb in scene.verbs for moment in (verb.seconds, verb.until)]
    if not moments:
        return None
    scale = _Scale(moments)
    used = {_lane(exchange.endpoint) for exchange in scene.exchanges} | ({APP} if scene.verbs else set())
    names = [name for name in (APP, *(name for name, _ in _LANES), OTHER) if name in used]
    lanes = {name: TOP + LANE * number for number, name in enumerate(names)}
    return Timeline(
        width=max(WIDTH, scale.places[-1] + RIGHT),
        height=TOP + LANE * (len(lanes) - 1) + 36.0 + AXIS,
        lanes=tuple(Lane(name, y) for name, y in lanes.items()),
        marks=tuple(_marks(scene.exchanges, scale, lanes)),
        bars=tuple(_bars(scene.verbs, scale, lanes)),
        intervals=tuple(_intervals(scene.exchanges, scale, lanes)),
        steps=tuple(scale.steps()),
        zero=scale.place(0.0),
    )


def _lane(endpoint: str) -> str:
    for name, prefixes in _LANES:
        if endpoint.startswith(prefixes):
            return name
    return OTHER


def _marks(exchanges: Sequence[ExchangeReport], scale: _Scale, lanes: Mapping[str, float]) -> Iterator[Mark]:
    taken: dict[float, float] = {}
    for exchange in exchanges:
        x, y = scale.place(exchange.seconds), lanes[_lane(exchange.endpoint)]
        label = f"#{exchange.id}" if exchange.cited else ""
        half = len(label) * CHARACTER / 2
        if label and x - half < taken.get(y, 0.0):
            label = ""
        elif label:
            taken[y] = x + half
        answer = " ".join(filter(None, (str(exchange.status or "no answer"), exchange.outcome, exchange.error)))
        title = f"#{exchange.id} {clock(exchange.seconds)} {exchange.method} {exchange.path}: {answer}"
        yield Mark(x, y, _OUTCOMES.get(exchange.outcome, "answered"), title, exchange.cited, label)


def _bars(verbs: Sequence[VerbCallReport], scale: _Scale, lanes: Mapping[str, float]) -> Iterator[Bar]:
    taken = 0.0
    for verb in verbs:
        left, right = scale.place(verb.seconds), scale.place(verb.until)
        label = verb.verb if left >= taken else ""
        if label:
            taken = left + (len(label) + 1) * CHARACTER
        title = f"{clock(verb.seconds)} {verb.verb}: {verb.answer or 'no returns'}"
        yield Bar(left, lanes[APP], max(right - left, 4.0), label, title, verb.failed)


def _intervals(exchanges: Sequence[ExchangeReport], scale: _Scale, lanes: Mapping[str, float]) -> Iterator[Interval]:
    cited = [exchange for exchange in exchanges if exchange.cited]
    for name, y in lanes.items():
        for before, after in pairwise(exchange for exchange in cited if _lane(exchange.endpoint) == name):
            left, right = scale.place(before.seconds), scale.place(after.seconds)
            if right > left:
                yield Interval(left, right, y, span(after.seconds - before.seconds))
