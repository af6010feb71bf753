"""The witness: remembers what devices did lately, so that a finding can be shown with what happened around it."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from pass_harness.conformance.observation import Observation, VerbCall, moment
from pass_harness.conformance.outcomes import Broken
from pass_harness.mock_server.exchange import Exchange

REMEMBERED = 10_000
"""Observations kept at a time, of all devices together: the memory does not grow with the length of a trace."""
BEFORE, AFTER = 8, 4
"""How many observations of the device a scene shows before what is cited, and after the finding."""
MOST = 24

_Device = tuple[int, str | None]
"""A device in a world (the number of the space); None stands for the calls that are made for no device."""


@dataclass
class Scene:
    """What a device did around a finding, in order of time."""

    observations: list[Observation]
    cited: frozenset[int]
    """Ids of the exchanges that are the evidence."""
    missing: tuple[int, ...] = ()
    """Those of them that happened too long ago to be remembered."""
    _left: int = field(default=AFTER, repr=False)

    def goes_on(self, seen: Observation) -> bool:
        """Takes what the device did next; whether there is room for more."""
        self.observations.append(seen)
        self._left -= 1
        return self._left > 0


class EvidenceHistory:
    """Sees all observations before the rules do. Its memory is bounded by ``remembered``."""

    def __init__(self, remembered: int = REMEMBERED) -> None:
        self._remembered = remembered
        self._line: deque[tuple[int, Observation]] = deque()
        """Observations with their worlds."""
        self._exchanges: dict[tuple[int, int], Exchange] = {}
        self._open: dict[_Device, list[Scene]] = {}

    def saw(self, world: int, seen: Observation) -> None:
        self._line.append((world, seen))
        if not isinstance(seen, VerbCall):
            self._exchanges[world, seen.id] = seen
        if self._open:
            self._go_on((world, seen.device), seen)
        if len(self._line) > self._remembered:
            self._forget()

    def exchanges(self, world: int, ids: tuple[int, ...]) -> tuple[Exchange, ...]:
        """Those of the exchanges that are remembered."""
        return tuple(found for number in ids if (found := self._exchanges.get((world, number))))

    def scene(self, world: int, evidence: Broken) -> Scene:
        """What is remembered around a finding; what the device does next is added as it is seen."""
        cited = self.exchanges(world, evidence.exchanges)
        known = {exchange.id for exchange in cited}
        near = _near([seen for where, seen in self._line if where == world and seen.device == evidence.device], known)
        others = [exchange for exchange in cited if all(exchange is not seen for seen in near)]
        scene = Scene(
            observations=sorted([*near, *others], key=moment),
            cited=frozenset(evidence.exchanges),
            missing=tuple(number for number in evidence.exchanges if number not in known),
        )
        self._open.setdefault((world, evidence.device), []).append(scene)
        return scene

    def _go_on(self, device: _Device, seen: Observation) -> None:
        scenes = [scene for scene in self._open.pop(device, ()) if scene.goes_on(seen)]
        if scenes:
            self._open[device] = scenes

    def _forget(self) -> None:
        world, seen = self._line.popleft()
        if not isinstance(seen, VerbCall) and self._exchanges.get((world, seen.id)) is seen:
            del self._exchanges[world, seen.id]


def _near(lately: list[Observation], cited: set[int]) -> list[Observation]:
    """The cited ones and their nearest neighbours; the last ones where none is cited."""
    at = [n for n, seen in enumerate(lately) if not isinstance(seen, VerbCall) and seen.id in cited]
    if not at:
        return lately[-BEFORE:]
    first = max(0, at[0] - BEFORE)
    nearest = sorted(range(first, len(lately)), key=lambda n: min(abs(n - m) for m in at))[:MOST]
    return [lately[n] for n in sorted(nearest)]
