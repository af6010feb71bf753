"""Charts of time series: the positions of lines, areas, bars and axis labels.

All charts of a page share one time axis, so simultaneous events are in the same column.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

WIDTH, LEFT, RIGHT = 960.0, 92.0, 32.0
"""Width of a chart, and of its margins, which hold the longest label of an axis."""
TOP, BOTTOM = 24.0, 28.0
MOST_POINTS = 480
"""Maximum points of one line; beyond it, the maximum of several values is one point."""
HUES = 10
"""Number of colours in `charts.css`; further series repeat them."""
LINE, AREA, RANGE = "line", "area", "range"
LARGE_NUMBERS = (("trillion", 1e12), ("billion", 1e9), ("million", 1e6))

Values = Sequence[float]


@dataclass(frozen=True)
class Tick:
    """A tick of an axis: its position and label."""

    at: float
    label: str


@dataclass(frozen=True)
class Shape:
    """A series: an SVG path with its name and colour; ``style`` is a class of `charts.css`."""

    name: str
    path: str
    hue: int
    style: str
    figure: str
    """The value in the legend, with its meaning."""


@dataclass(frozen=True)
class Band:
    """The time of an incident, marked on the chart."""

    left: float
    width: float
    label: str
    number: int


@dataclass(frozen=True)
class Chart:
    """A chart, ready to be drawn."""

    title: str
    unit: str
    description: str
    """Description of the chart for assistive technology."""
    height: float
    shapes: tuple[Shape, ...]
    times: tuple[Tick, ...]
    ticks: tuple[Tick, ...]
    bands: tuple[Band, ...]
    log: bool = False

    @property
    def width(self) -> float:
        return WIDTH

    @property
    def left(self) -> float:
        return LEFT

    @property
    def right(self) -> float:
        return WIDTH - RIGHT

    @property
    def top(self) -> float:
        return TOP

    @property
    def floor(self) -> float:
        return self.height - BOTTOM


@dataclass(frozen=True)
class Times:
    """The time axis of a page: ``seconds`` long, with values every ``step`` seconds, and marked ``incidents``."""

    seconds: float
    step: float
    incidents: Sequence[tuple[str, float, float | None]] = field(default=())
    """Name, start and end in seconds; an end of None is the end of the event."""

    def place(self, second: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * min(max(second / self.seconds, 0.0), 1.0)

    def ticks(self) -> tuple[Tick, ...]:
        step = _round_seconds(self.seconds / 10)
        return tuple(
            Tick(round(self.place(number * step), 1), clock(number * step))
            for number in range(int(self.seconds / step + 1e-9) + 1)
        )

    def bands(self) -> tuple[Band, ...]:
        return tuple(
            Band(
                round(self.place(begins), 1),
                round(max(self.place(self.seconds if ends is None else ends) - self.place(begins), 1.5), 1),
                name,
                number + 1,
            )
            for number, (name, begins, ends) in enumerate(self.incidents)
        )


def amount(value: float, unit: str) -> str:
    """Format a value with its unit, with three significant digits above a million."""
    name, size = next(((name, size) for name, size in LARGE_NUMBERS if abs(value) >= size), ("", 1.0))
    if name:
        rounded = float(f"{value / size:.3g}")
        text = f"{rounded:,g} {name}"
    elif abs(value) >= 100 or value == int(value):
        text = f"{value:,.0f}"
    else:
        text = f"{value:.3g}"
    return f"{text} {unit}".strip()


@dataclass(frozen=True)
class ErrorBand:
    """The limits of a series: name, lower and upper values, and the text of the legend."""

    name: str
    low: Values
    high: Values
    figure: str


def lines(
    title: str,
    unit: str,
    series: Mapping[str, Values],
    times: Times,
    *,
    log: bool = False,
    band: ErrorBand | None = None,
    figures: Mapping[str, str] | None = None,
) -> Chart:
    """Return a line chart; with ``log``, on a logarithmic scale. ``band`` is the error band of the first series.

    The legend shows the maximum of each series, or its text in ``figures``.
    """
    drawn = [*series.values(), *([band.high] if band else [])]
    largest = max((max(values, default=0.0) for values in drawn), default=0.0)
    scale = _Scale(largest, 220.0, log=log)
    shapes = [
        Shape(name, _line(values, times, scale), number % HUES, LINE, _maximum(name, values, unit, figures))
        for number, (name, values) in enumerate(series.items())
    ]
    if band:
        path = _between(_points(band.low, times, scale), _points(band.high, times, scale))
        shapes.append(Shape(band.name, path, 0, RANGE, band.figure))
    return _chart(title, unit, tuple(shapes), times, scale)


def stacked(
    title: str, unit: str, series: Mapping[str, Values], times: Times, *, figures: Mapping[str, str] | None = None
) -> Chart:
    """Return an area chart of the series, stacked with the largest at the bottom."""
    ordered = sorted(series.items(), key=lambda item: -sum(item[1]))
    length = max((len(values) for values in series.values()), default=0)
    total = [sum(values[number] for values in series.values()) for number in range(length)]
    scale = _Scale(max(total, default=0.0), 240.0)
    below, shapes = [0.0] * length, []
    for number, (name, values) in enumerate(ordered):
        above = [low + value for low, value in zip(below, values, strict=True)]
        path = _area(below, above, times, scale)
        shapes.append(Shape(name, path, number % HUES, AREA, _maximum(name, values, unit, figures)))
        below = above
    return _chart(title, unit, tuple(shapes), times, scale)


def bars(
    title: str,
    unit: str,
    series: Mapping[str, Values],
    times: Times,
    *,
    hue: int = 0,
    figures: Mapping[str, str] | None = None,
) -> Chart:
    """Return a chart of filled steps."""
    largest = max((max(values, default=0.0) for values in series.values()), default=0.0)
    scale = _Scale(largest, 130.0)
    shapes = tuple(
        Shape(
            name, _area([0.0] * len(values), values, times, scale), hue, AREA, _maximum(name, values, unit, figures)
        )
        for name, values in series.items()
    )
    return _chart(title, unit, shapes, times, scale)


def _maximum(name: str, values: Values, unit: str, figures: Mapping[str, str] | None) -> str:
    """Return the maximum of a series with its unit; ``figures`` are maxima that are already formatted."""
    figure = (figures or {}).get(name)
    return f"maximum {f'{figure} {unit}' if figure else amount(max(values, default=0.0), unit)}"


class _Scale:
    """The value axis of a chart."""

    def __init__(self, largest: float, height: float, *, log: bool = False) -> None:
        self.height = height
        self.log = log
        self._floor = height - BOTTOM
        self._room = self._floor - TOP
        if log:
            self._highest = 10.0 ** math.ceil(math.log10(max(largest, 10.0)))
            self.ticks = [10.0**power for power in range(int(math.log10(self._highest)) + 1)]
        else:
            step = _round_up(max(largest, 1e-9) / 4)
            self.ticks = [number * step for number in range(math.ceil(max(largest, 1e-9) / step - 1e-9) + 1)]
            self._highest = self.ticks[-1]

    def place(self, value: float) -> float:
        if self.log:
            return self._floor - self._room * math.log10(max(value, 1.0)) / math.log10(self._highest)
        return self._floor - self._room * value / self._highest


def _chart(title: str, unit: str, shapes: tuple[Shape, ...], times: Times, scale: _Scale) -> Chart:
    summary = ", ".join(f"{shape.name} {shape.figure}" for shape in shapes)
    return Chart(
        title=title,
        unit=unit,
        description=f"{title} over {clock(times.seconds)}: {summary or 'no values'}",
        height=scale.height,
        shapes=shapes,
        times=times.ticks(),
        ticks=tuple(Tick(round(scale.place(tick), 1), amount(tick, "")) for tick in scale.ticks),
        bands=times.bands(),
        log=scale.log,
    )


def _line(values: Values, times: Times, scale: _Scale) -> str:
    return _path(_points(values, times, scale))


def _area(below: Values, above: Values, times: Times, scale: _Scale) -> str:
    return _between(_points(below, times, scale, steps=True), _points(above, times, scale, steps=True))


def _between(lower: Sequence[tuple[float, float]], upper: Sequence[tuple[float, float]]) -> str:
    return f"{_path(upper)}L{_path(lower[::-1])[1:]}Z" if upper else ""


def _points(values: Values, times: Times, scale: _Scale, *, steps: bool = False) -> list[tuple[float, float]]:
    together = math.ceil(len(values) / MOST_POINTS) or 1
    points = []
    for start in range(0, len(values), together):
        height = scale.place(max(values[start : start + together]))
        begins, ends = times.place(start * times.step), times.place((start + together) * times.step)
        points += [(begins, height), (ends, height)] if steps else [((begins + ends) / 2, height)]
    return points


def _path(points: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points) if points else ""


def _round_up(step: float) -> float:
    """Return the smallest of 1, 2, 2.5, 5 and 10 times a power of ten that is not below ``step``."""
    power = 10.0 ** math.floor(math.log10(step))
    return next(power * nice for nice in (1.0, 2.0, 2.5, 5.0, 10.0) if power * nice >= step * (1 - 1e-9))


def _round_seconds(step: float) -> float:
    nice = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400)
    return next((float(seconds) for seconds in nice if seconds >= step), _round_up(step))


def clock(seconds: float) -> str:
    """Format a time in the event: ``45 s``, ``2:05``, ``3:20 h``."""
    whole = round(seconds)
    if seconds < 120:
        return f"{seconds:g} s"
    return f"{whole // 3600}:{whole // 60 % 60:02} h" if whole >= 7200 else f"{whole // 60}:{whole % 60:02}"
