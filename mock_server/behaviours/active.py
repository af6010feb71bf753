"""Behaviours: match + effect + lifetime, the one way in which the mock departs from its defaults.

An effect is consulted at its place in the handling of a request ("is there a latency for this request?"), and
only then does a matching behaviour count as hit, so `times` and `after` count what really happened. Of several
behaviours that match, the one added last wins.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

import msgspec

from pass_harness.mock_server.adobe.errors import DCR_ENDPOINTS, DCR_ERRORS
from pass_harness.mock_server.behaviours.effects import Effect
from pass_harness.mock_server.behaviours.model import Behaviour, RequestFacts
from pass_harness.mock_server.formats.durations import encode_hook
from pass_harness.mock_server.store import SpaceStore, Table
from pass_harness.mock_server.store.space_record import Head, SpaceRecord

MAX_BEHAVIOURS = 1000


@dataclass(frozen=True)
class AppliedEffect:
    """An effect that a behaviour has for a request. ``hit`` counts from 1, ``age`` is in ms since it was added."""

    id: str
    effect: Effect
    hit: int
    age: int
    seed: int

    @property
    def latency(self) -> float:
        """How many seconds later the answer comes; the same for the same seed and hit."""
        if self.effect.latency is None:
            return 0.0
        return self.effect.latency.sample(f"{self.seed} {self.hit}", self.age) / 1000


class ActiveBehaviour(msgspec.Struct, frozen=True, kw_only=True):
    """A behaviour in effect, as the store keeps it."""

    id: str
    behaviour: Behaviour
    added: int
    """When (ms)."""
    seed: int
    enabled: bool = True
    seen: int = 0
    """Requests that matched while it was in effect."""
    hits: int = 0

    def ended(self, now_ms: int) -> bool:
        """Whether its time is up."""
        return self.behaviour.for_ is not None and now_ms >= self.added + self.behaviour.for_

    def over(self, now_ms: int) -> bool:
        times = self.behaviour.times
        return self.ended(now_ms) or (times is not None and self.hits >= times)

    def strike(self, now_ms: int) -> ActiveBehaviour:
        """What becomes of it by one more matching request; `hits` tells whether that is hit."""
        if self.over(now_ms):
            return self
        seen = self.seen + 1
        return msgspec.structs.replace(self, seen=seen, hits=self.hits + (1 if self._hits(seen) else 0))

    def _hits(self, seen: int) -> bool:
        if seen <= self.behaviour.after:
            return False
        probability = self.behaviour.probability
        # Chance decides which requests are hit; it guards nothing. It depends on the seed and the request's number
        # alone, so that a run repeats whichever process counts.
        return probability is None or random.Random(f"{self.seed} hit {seen}").random() < probability  # noqa: S311


ACTIVE = Table("behaviours", ActiveBehaviour)


class Behaviours:
    """The behaviours of one space.

    What they are is at hand in this process; how often they were hit is counted in the store.
    """

    def __init__(self, store: SpaceStore, head: Head) -> None:
        self._store = store
        self._head = head
        self.at_hand: list[ActiveBehaviour] = []
        """Those in effect, the latest last; without any, nobody need ask for effects."""
        self._changed = -1

    async def load(self, record: SpaceRecord) -> None:
        """Takes what the store has; ``record`` is that of the space, read before."""
        self.at_hand = await self._store.rows(ACTIVE, "")
        self._changed = record.changed

    def are_older(self, record: SpaceRecord) -> bool:
        """Whether there were changes since they were loaded."""
        return self._changed < record.changed

    async def add(self, behaviour: Behaviour, now_ms: int) -> str:
        """Takes a behaviour into effect from ``now_ms`` on; its id. ValueError when there are too many."""
        if len(self.at_hand) >= MAX_BEHAVIOURS:
            await self._drop_ended(now_ms)
        if len(self.at_hand) >= MAX_BEHAVIOURS:
            raise ValueError(f"there are {MAX_BEHAVIOURS} behaviours already: remove some first")
        number = (await self._head.change(_one_added)).added
        active = first_state(behaviour, number, now_ms)
        await self._store.write(ACTIVE, "", active.id, active)
        # Told once it is there: another process that saw the number early has looked for it in vain.
        await self.load(await self._head.change(_one_changed))
        return active.id

    async def remove(self, key: str) -> bool:
        """Takes a behaviour out of effect; whether it was in."""
        removed = await self._store.delete(ACTIVE, "", key)
        if removed:
            await self.load(await self._head.change(_one_changed))
        return removed

    async def switch(self, key: str, *, enabled: bool) -> bool:
        """Switches a behaviour off or on again, its hits and its end untouched; whether there is one."""

        def step(active: ActiveBehaviour | None) -> tuple[ActiveBehaviour | None, bool]:
            return (msgspec.structs.replace(active, enabled=enabled), True) if active is not None else (None, False)

        switched = await self._store.change(ACTIVE, "", key, step)
        if switched:
            await self.load(await self._head.change(_one_changed))
        return switched

    async def take(
        self, kind: str, facts: RequestFacts, now_ms: int, lifetime: str | None = None
    ) -> AppliedEffect | None:
        """The effect of that kind for this request, counted as hit; or None.

        For the kind ``ttl``, ``lifetime`` names the one that is asked for; behaviours that set others stay unhit.
        """
        for active in reversed(self.at_hand):
            behaviour = active.behaviour
            if not active.enabled or behaviour.effect.kind != kind or active.ended(now_ms):
                continue
            if not behaviour.match.takes(facts):
                continue
            if kind == "error" and (behaviour.effect.error in DCR_ERRORS) != facts.endpoint.startswith(DCR_ENDPOINTS):
                continue  # enhanced errors and those of DCR are each for their own API
            if lifetime is not None and getattr(behaviour.effect.ttl, lifetime, None) is None:
                continue
            hit = await self._strike(active.id, now_ms)
            if hit is not None:
                return AppliedEffect(active.id, behaviour.effect, hit.hits, now_ms - active.added, active.seed)
        return None

    async def listed(self, now_ms: int) -> list[dict[str, Any]]:
        """Every behaviour with its id, its hits, and whether it is switched on and whether it is over."""
        return [
            {
                "id": a.id,
                "hits": a.hits,
                "enabled": a.enabled,
                "over": a.over(now_ms),
                **msgspec.to_builtins(a.behaviour, enc_hook=encode_hook),
            }
            for a in await self._store.rows(ACTIVE, "")
        ]

    async def _strike(self, key: str, now_ms: int) -> ActiveBehaviour | None:
        """Counts a matching request; the behaviour if that was hit."""

        def step(active: ActiveBehaviour | None) -> tuple[ActiveBehaviour | None, ActiveBehaviour | None]:
            if active is None:
                return None, None
            struck = active.strike(now_ms)
            return struck, struck if struck.hits > active.hits else None

        return await self._store.change(ACTIVE, "", key, step)

    async def _drop_ended(self, now_ms: int) -> None:
        for active in await self._store.rows(ACTIVE, ""):
            if active.over(now_ms):
                await self.remove(active.id)


def first_state(behaviour: Behaviour, number: int, now_ms: int) -> ActiveBehaviour:
    """A behaviour as it begins; ``number`` counts those of its space from 1."""
    seed = behaviour.seed if behaviour.seed is not None else number
    return ActiveBehaviour(id=f"b{number}", behaviour=behaviour, added=now_ms, seed=seed)


def _one_added(record: SpaceRecord) -> SpaceRecord:
    return msgspec.structs.replace(record, added=record.added + 1)


def _one_changed(record: SpaceRecord) -> SpaceRecord:
    return msgspec.structs.replace(record, changed=record.changed + 1)
