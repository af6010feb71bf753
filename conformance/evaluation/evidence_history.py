"""Recent observations, in bounded memory, so that a finding is shown with the observations around it."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from pass_harness.conformance.observation import Observation, VerbCall, moment
from pass_harness.conformance.outcomes import Broken
from pass_harness.mock_server.exchange import Exchange

REMEMBERED = 10_000
"""Observations kept, of all devices together: memory does not grow with the length of a trace."""
BEFORE, AFTER = 8, 4
"""Observations of the device that a scene shows before the first cited one, and after the finding."""
MOST = 24
"""Observations of a scene that happened up to the finding."""

_Device = tuple[int, str | None]
"""A device with the number of its space; None stands for calls without a device."""


@dataclass
class Scene:
    """The observations of a device around a finding, in order of time."""

    observations: list[Observation]
    cited: frozenset[int]
    """Ids of the exchanges that are the evidence."""
    missing: tuple[int, ...] = ()
    """The cited ids that are no longer remembered."""
    _room: int = field(default=AFTER, repr=False)

    def append(self, seen: Observation) -> bool:
        """Add the next observation of the device. Return whether there is room for more."""
        self.observations.append(seen)
        self._room -= 1
        return self._room > 0


class EvidenceHistory:
    """The last ``remembered`` observations. It records each before the rules see it."""

    def __init__(self, remembered: int = REMEMBERED) -> None:
        self._remembered = remembered
        self._recent: deque[tuple[int, Observation]] = deque()
        """Observations with the numbers of their spaces."""
        self._exchanges: dict[tuple[int, int], Exchange] = {}
        self._open: dict[_Device, list[Scene]] = {}

    def record(self, world: int, seen: Observation) -> None:
        self._recent.append((world, seen))
        if not isinstance(seen, VerbCall):
            self._exchanges[world, seen.id] = seen
        if self._open:
            self._extend_scenes((world, seen.device), seen)
        if len(self._recent) > self._remembered:
            self._drop_oldest()

    def exchanges(self, world: int, ids: tuple[int, ...]) -> tuple[Exchange, ...]:
        """Return the exchanges with these ids that are still remembered."""
        return tuple(found for number in ids if (found := self._exchanges.get((world, number))))

    def scene(self, world: int, evidence: Broken) -> Scene:
        """Return the scene of a finding. The next observations of the device are added to it as they come."""
        cited = self.exchanges(world, evidence.exchanges)
        known = {exchange.id for exchange in cited}
        recent = [seen for where, seen in self._recent if where == world and seen.device == evidence.device]
        near = _near(recent, known)
        others = [exchange for exchange in cited if all(exchange is not seen for seen in near)]
        scene = Scene(
            observations=sorted([*near, *others], key=moment),
            cited=frozenset(evidence.exchanges),
            missing=tuple(number for number in evidence.exchanges if number not in known),
        )
        self._open.setdefault((world, evidence.device), []).append(scene)
        return scene

    def _extend_scenes(self, device: _Device, seen: Observation) -> None:
        scenes = [scene for scene in self._open.pop(device, ()) if scene.append(seen)]
        if scenes:
            self._open[device] = scenes

    def _drop_oldest(self) -> None:
        world, seen = self._recent.popleft()
        if not isinstance(seen, VerbCall) and self._exchanges.get((world, seen.id)) is seen:
            del self._exchanges[world, seen.id]


def _near(recent: list[Observation], cited: set[int]) -> list[Observation]:
    """Return the cited observations and their nearest neighbours, or the last ones where none is cited."""
    positions = [n for n, seen in enumerate(recent) if not isinstance(seen, VerbCall) and seen.id in cited]
    if not positions:
        return recent[-BEFORE:]
    first = max(0, positions[0] - BEFORE)
    nearest = sorted(range(first, len(recent)), key=lambda n: min(abs(n - m) for m in positions))[:MOST]
    return [recent[n] for n in sorted(nearest)]
