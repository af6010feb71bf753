"""The active behaviours of a space: selection of the effect for a request, and hit counts.

The gateway looks up each kind of effect at the place where it applies. A behaviour counts a hit at that moment, so
`times` and `after` count effects that took place. If several behaviours match, the one added last applies.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from pass_harness.mock_server.adobe.error_codes import codes_of
from pass_harness.mock_server.behaviours.effects import Effect
from pass_harness.mock_server.behaviours.model import Behaviour, RequestFacts
from pass_harness.mock_server.formats.durations import encode_hook
from pass_harness.mock_server.store import SpaceStore, Table
from pass_harness.mock_server.store.space_record import SpaceRecord, SpaceRecordHandle

MAX_BEHAVIOURS = 1000


@dataclass(frozen=True)
class AppliedEffect:
    """An effect of a behaviour on one request."""

    id: str
    """Id of the behaviour."""
    effect: Effect
    hit: int
    """Number of the hit, from 1."""
    age_ms: int
    """Time since the behaviour was added."""
    seed: int

    @property
    def latency_s(self) -> float:
        """Delay of the response in seconds; the same for the same seed and hit."""
        latency = self.effect.latency or self.effect.mvpd_latency
        return latency.sample(f"{self.seed} {self.hit}", self.age_ms) / 1000 if latency is not None else 0.0


class ActiveBehaviour(msgspec.Struct, frozen=True, kw_only=True):
    """A behaviour of a space and its hit counts, as the store keeps them."""

    id: str
    behaviour: Behaviour
    added: int
    """Time of addition, in milliseconds since the epoch on the clock of the space."""
    seed: int
    enabled: bool = True
    seen: int = 0
    """Number of requests that matched while the behaviour was in effect."""
    hits: int = 0
    """Number of requests that the behaviour took effect on."""

    def listed(self, now_ms: int) -> dict[str, Any]:
        """Return the behaviour as JSON data, with its id, its hits, and whether it is enabled and over."""
        return {
            "id": self.id,
            "hits": self.hits,
            "enabled": self.enabled,
            "over": self.is_over(now_ms),
            **msgspec.to_builtins(self.behaviour, enc_hook=encode_hook),
        }

    def is_expired(self, now_ms: int) -> bool:
        """Return whether the duration of the behaviour (``for``) has passed."""
        return self.behaviour.for_ is not None and now_ms >= self.added + self.behaviour.for_

    def is_over(self, now_ms: int) -> bool:
        """Return whether the behaviour expired or had all of its hits (``times``)."""
        times = self.behaviour.times
        return self.is_expired(now_ms) or (times is not None and self.hits >= times)

    def count_match(self, now_ms: int) -> ActiveBehaviour:
        """Return the state after one more matching request; `hits` grows if the behaviour takes effect on it."""
        if self.is_over(now_ms):
            return self
        seen = self.seen + 1
        return msgspec.structs.replace(self, seen=seen, hits=self.hits + (1 if self._is_hit(seen) else 0))

    def _is_hit(self, seen: int) -> bool:
        if seen <= self.behaviour.after:
            return False
        probability = self.behaviour.probability
        # Not for security. The result depends on the seed and the number of the request alone, so that a run is
        # repeatable whichever process counts.
        return probability is None or random.Random(f"{self.seed} hit {seen}").random() < probability  # noqa: S311


ACTIVE = Table("behaviours", ActiveBehaviour)


class Behaviours:
    """The behaviours of one space.

    This process holds a copy of the definitions; the store counts the hits.
    """

    def __init__(self, store: SpaceStore, record_handle: SpaceRecordHandle) -> None:
        self._store = store
        self._record_handle = record_handle
        self.active: list[ActiveBehaviour] = []
        """The behaviours, the latest last. Callers skip the lookup of effects while the list is empty."""
        self._changed = -1

    async def load(self, record: SpaceRecord) -> None:
        """Read the behaviours from the store; ``record`` is the space's, read before."""
        self.active = await self._store.rows(ACTIVE, "")
        self._changed = record.changed

    def is_stale(self, record: SpaceRecord) -> bool:
        """Return whether the behaviours changed after `load`."""
        return self._changed < record.changed

    async def add(self, behaviour: Behaviour, now_ms: int) -> str:
        """Add a behaviour that takes effect from ``now_ms``; return its id. ValueError if there are too many."""
        if len(self.active) >= MAX_BEHAVIOURS:
            await self._remove_over(now_ms)
        if len(self.active) >= MAX_BEHAVIOURS:
            raise ValueError(f"there are {MAX_BEHAVIOURS} behaviours already: remove some first")
        number = (await self._record_handle.change(_one_added)).added
        active = initial_state(behaviour, number, now_ms)
        await self._store.write(ACTIVE, "", active.id, active)
        # After the write: a process that saw the new number before it would not find the behaviour.
        await self.load(await self._record_handle.change(_one_changed))
        return active.id

    async def remove(self, key: str) -> bool:
        """Remove a behaviour; return whether it existed."""
        removed = await self._store.delete(ACTIVE, "", key)
        if removed:
            await self.load(await self._record_handle.change(_one_changed))
        return removed

    async def set_enabled(self, key: str, *, enabled: bool) -> bool:
        """Disable or enable a behaviour without a change of its hits and its end; return whether it exists."""

        def step(active: ActiveBehaviour | None) -> tuple[ActiveBehaviour | None, bool]:
            return (msgspec.structs.replace(active, enabled=enabled), True) if active is not None else (None, False)

        exists = await self._store.change(ACTIVE, "", key, step)
        if exists:
            await self.load(await self._record_handle.change(_one_changed))
        return exists

    async def take(
        self, kind: str, facts: RequestFacts, now_ms: int, applies: Callable[[Effect], bool] | None = None
    ) -> AppliedEffect | None:
        """Return the effect of that kind on this request and count the hit; return None if there is none.

        A behaviour whose effect is not one that ``applies`` counts no hit.
        """
        for active in reversed(self.active):
            behaviour = active.behaviour
            if not active.enabled or behaviour.effect.kind != kind or active.is_expired(now_ms):
                continue
            if not behaviour.match.matches(facts):
                continue
            if kind == "error" and behaviour.effect.error not in codes_of(facts.endpoint):
                continue  # an error belongs to one API: enhanced errors to REST API V2, the others to DCR
            if applies is not None and not applies(behaviour.effect):
                continue
            hit = await self._count_match(active.id, now_ms)
            if hit is not None:
                return AppliedEffect(active.id, behaviour.effect, hit.hits, now_ms - active.added, active.seed)
        return None

    async def stored(self) -> list[ActiveBehaviour]:
        """Return every behaviour with the hits of all processes, the latest last."""
        return await self._store.rows(ACTIVE, "")

    async def _count_match(self, key: str, now_ms: int) -> ActiveBehaviour | None:
        """Count a matching request in the store; return the behaviour if it takes effect on the request."""

        def step(active: ActiveBehaviour | None) -> tuple[ActiveBehaviour | None, ActiveBehaviour | None]:
            if active is None:
                return None, None
            counted = active.count_match(now_ms)
            return counted, counted if counted.hits > active.hits else None

        return await self._store.change(ACTIVE, "", key, step)

    async def _remove_over(self, now_ms: int) -> None:
        for active in await self._store.rows(ACTIVE, ""):
            if active.is_over(now_ms):
                await self.remove(active.id)


def initial_state(behaviour: Behaviour, number: int, now_ms: int) -> ActiveBehaviour:
    """Return the state of a behaviour at its addition; ``number`` counts the behaviours of the space from 1."""
    seed = behaviour.seed if behaviour.seed is not None else number
    return ActiveBehaviour(id=f"b{number}", behaviour=behaviour, added=now_ms, seed=seed)


def _one_added(record: SpaceRecord) -> SpaceRecord:
    return msgspec.structs.replace(record, added=record.added + 1)


def _one_changed(record: SpaceRecord) -> SpaceRecord:
    return msgspec.structs.replace(record, changed=record.changed + 1)
