"""Latencies: a fixed duration, a distribution, or steps over time.

| value | delay of the response |
|---|---|
| ``"2s"`` | two seconds |
| ``{"uniform": ["100ms", "2s"]}`` | uniformly distributed between the two durations |
| ``{"lognormal": {"median": "200ms", "p99": "3s"}}`` | log-normally distributed, as in many services |
| ``{"steps": {"0s": "100ms", "30s": "5s"}}`` | by the time since the behaviour was added: the latest step reached |
"""

from __future__ import annotations

import math
import random
from typing import Any, ClassVar

import msgspec

from pass_harness.mock_server.formats.durations import Duration, Written, decode_hook, parse_duration

_P99_DEVIATIONS = 2.3263478740408408
"""The 99th percentile of the normal distribution, in standard deviations."""
MAX_LATENCY = parse_duration("1h")


class Lognormal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A log-normal distribution, given by its median and its 99th percentile."""

    median: Duration
    p99: Duration

    def __post_init__(self) -> None:
        if not 0 < self.median <= self.p99:
            raise ValueError("lognormal: the median must be above 0 and at most the p99")


class Distribution(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Random or time-dependent latencies; has exactly one member."""

    uniform: tuple[Duration, Duration] | None = None
    lognormal: Lognormal | None = None
    steps: dict[str, Duration] | None = None

    def __post_init__(self) -> None:
        if [self.uniform, self.lognormal, self.steps].count(None) != 2:
            raise ValueError("a latency must be a duration, or have exactly one of uniform, lognormal and steps")
        if self.uniform is not None and self.uniform[0] > self.uniform[1]:
            raise ValueError("uniform: the first duration must be at most the second")
        if self.steps is not None and not self.steps:
            raise ValueError("steps: must have at least one step")


class Latency(Written):
    """Delay of responses; ``written`` is the value as configured."""

    form: ClassVar[Any] = Duration.form | Distribution

    def __init__(self, written: object) -> None:
        """Raise ValueError, with the reason, if ``written`` is not a latency."""
        super().__init__(written)
        if isinstance(written, str):
            fixed = parse_duration(written)
            self._distribution = Distribution(steps={"0s": fixed})
        else:
            self._distribution = msgspec.convert(written, Distribution, dec_hook=decode_hook)
        steps = self._distribution.steps or {}
        self._steps = sorted((parse_duration(at), length) for at, length in steps.items())

    def sample(self, seed: str, age_ms: int) -> float:
        """Return a delay in ms, the same for the same seed; ``age_ms`` is the time since the behaviour was added."""
        generator = random.Random(seed)  # noqa: S311 - not for security
        distribution = self._distribution
        if distribution.uniform is not None:
            return generator.uniform(*distribution.uniform)
        if distribution.lognormal is not None:
            median, p99 = distribution.lognormal.median, distribution.lognormal.p99
            sigma = math.log(p99 / median) / _P99_DEVIATIONS
            return min(generator.lognormvariate(math.log(median), sigma), float(MAX_LATENCY))
        reached = [length for at, length in self._steps if at <= age_ms]
        return float(reached[-1]) if reached else 0.0
