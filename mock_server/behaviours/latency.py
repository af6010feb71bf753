"""Latencies: a fixed duration, a distribution, or steps in time.

| written | the answer is later by |
|---|---|
| ``"2s"`` | two seconds |
| ``{"uniform": ["100ms", "2s"]}`` | anything between |
| ``{"lognormal": {"median": "200ms", "p99": "3s"}}`` | what services show: mostly little, sometimes much |
| ``{"steps": {"0s": "100ms", "30s": "5s"}}`` | the step that was reached since the behaviour was added |
"""

from __future__ import annotations

import math
import random
from typing import Any, ClassVar

import msgspec

from pass_harness.mock_server.formats.durations import Duration, Written, decode_hook, parse_duration

_P99_DEVIATIONS = 2.3263478740408408
"""The 99th percentile of the normal distribution, in standard deviations."""
LONGEST = parse_duration("1h")


class Lognormal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The two figures that people know of a service."""

    median: Duration
    p99: Duration

    def __post_init__(self) -> None:
        if not 0 < self.median <= self.p99:
            raise ValueError("lognormal: the median is above 0 and at most the p99")


class Distribution(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Latencies that differ from one answer to the next; one of the three."""

    uniform: tuple[Duration, Duration] | None = None
    lognormal: Lognormal | None = None
    steps: dict[str, Duration] | None = None

    def __post_init__(self) -> None:
        if [self.uniform, self.lognormal, self.steps].count(None) != 2:
            raise ValueError("a latency is a duration, or one of uniform, lognormal and steps")
        if self.uniform is not None and self.uniform[0] > self.uniform[1]:
            raise ValueError("uniform: the first duration is at most the second")
        if self.steps is not None and not self.steps:
            raise ValueError("steps: at least one is needed")


class Latency(Written):
    """How much later answers come. ``written`` is as it was given."""

    form: ClassVar[Any] = Duration.form | Distribution

    def __init__(self, written: object) -> None:
        """ValueError (with a sentence) for what is no latency."""
        super().__init__(written)
        if isinstance(written, str):
            fixed = parse_duration(written)
            self._distribution = Distribution(steps={"0s": fixed})
        else:
            self._distribution = msgspec.convert(written, Distribution, dec_hook=decode_hook)
        steps = self._distribution.steps or {}
        self._steps = sorted((parse_duration(at), length) for at, length in steps.items())

    def sample(self, seed: str, age: int) -> float:
        """A length in ms; the same for the same seed. ``age`` is in ms since the behaviour was added."""
        # Chance shapes answers of a mock; it guards nothing.
        chance = random.Random(seed)  # noqa: S311
        distribution = self._distribution
        if distribution.uniform is not None:
            return chance.uniform(*distribution.uniform)
        if distribution.lognormal is not None:
            median, p99 = distribution.lognormal.median, distribution.lognormal.p99
            sigma = math.log(p99 / median) / _P99_DEVIATIONS
            return min(chance.lognormvariate(math.log(median), sigma), float(LONGEST))
        reached = [length for at, length in self._steps if at <= age]
        return float(reached[-1]) if reached else 0.0
