"""Behaviours: match + effect + lifetime, the one way in which the mock departs from its defaults.

An effect is consulted at its place in the handling of a request ("is there a latency for this request?"), and
only then does a matching behaviour count as hit, so `times` and `after` count what really happened. Of several
behaviours that match, the one added last wins.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

import msgspec

from mock_server.durations import Duration, encode_hook
from mock_server.effects import Effect
from mock_server.errors import DCR_ERRORS

MAX_BEHAVIOURS = 1000


class Match(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Which requests: every given field must match; ``*`` stands for any characters."""

    endpoint: str | None = None
    service_provider: str | None = None
    mvpd: str | None = None
    ip: str | None = None
    device: str | None = None
    resource: str | None = None
    client_id: str | None = None

    def takes(self, facts: Facts) -> bool:
        return all(
            (actual := getattr(facts, name)) is not None and fnmatchcase(actual, wanted)
            for name in self.__struct_fields__
            if (wanted := getattr(self, name)) is not None
        )


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What a request is known by when an effect is consulted."""

    endpoint: str
    service_provider: str | None = None
    mvpd: str | None = None
    ip: str | None = None
    device: str | None = None
    resource: str | None = None
    client_id: str | None = None


class Behaviour(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One departure from the defaults, as configuration and control calls give it."""

    effect: Effect
    match: Match = Match()
    times: int | None = None
    """After so many hits it is over."""
    for_: Duration | None = msgspec.field(default=None, name="for")
    """So long after it was added it is over, by the clock of the space."""
    after: int = 0
    """It lets so many matching requests pass first."""
    probability: float | None = None
    """The chance that a matching request is hit."""
    seed: int | None = None

    def __post_init__(self) -> None:
        if self.times is not None and self.times < 1:
            raise ValueError("times is a number of hits, 1 or more")
        if self.after < 0:
            raise ValueError("after is a number of requests, 0 or more")
        if self.probability is not None and not 0 <= self.probability <= 1:
            raise ValueError("probability is a number from 0 to 1")
        if self.effect.error in DCR_ERRORS and not (self.match.endpoint or "").startswith("dcr."):
            raise ValueError(f"{self.effect.error} is an error of DCR: match the endpoint dcr.register or dcr.token")


@dataclass(frozen=True)
class Taken:
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


@dataclass
class _Active:
    id: str
    behaviour: Behaviour
    added: int
    seed: int
    ends: int | None
    chance: random.Random
    enabled: bool = True
    seen: int = 0
    hits: int = 0

    def over(self, now: int) -> bool:
        times = self.behaviour.times
        return (self.ends is not None and now >= self.ends) or (times is not None and self.hits >= times)

    def strikes(self) -> bool:
        self.seen += 1
        if self.seen <= self.behaviour.after:
            return False
        probability = self.behaviour.probability
        if probability is not None and self.chance.random() >= probability:
            return False
        self.hits += 1
        return True


@dataclass
class Behaviours:
    """The behaviours of one space."""

    _active: dict[str, _Active] = field(default_factory=dict)
    _made: int = 0

    def add(self, behaviour: Behaviour, now: int) -> str:
        """Takes a behaviour into effect from ``now`` (ms) on; its id. ValueError when there are too many."""
        self._drop_ended(now)
        if len(self._active) >= MAX_BEHAVIOURS:
            raise ValueError(f"there are {MAX_BEHAVIOURS} behaviours already: remove some first")
        self._made += 1
        key = f"b{self._made}"
        ends = now + behaviour.for_ if behaviour.for_ is not None else None
        seed = behaviour.seed if behaviour.seed is not None else self._made
        # Chance decides which requests are hit; it guards nothing.
        self._active[key] = _Active(key, behaviour, now, seed, ends, random.Random(seed))  # noqa: S311
        return key

    def remove(self, key: str) -> bool:
        return self._active.pop(key, None) is not None

    def switch(self, key: str, *, enabled: bool) -> bool:
        """Switches a behaviour off or on again, its hits and its end untouched; whether there is one."""
        active = self._active.get(key)
        if active is not None:
            active.enabled = enabled
        return active is not None

    def clear(self) -> None:
        self._active.clear()

    def take(self, kind: str, facts: Facts, now: int, lifetime: str | None = None) -> Taken | None:
        """The effect of that kind for this request, counted as hit; or None.

        For the kind ``ttl``, ``lifetime`` names the one that is asked for; behaviours that set others stay unhit.
        """
        for active in reversed(self._active.values()):
            behaviour = active.behaviour
            if not active.enabled or behaviour.effect.kind != kind or active.over(now):
                continue
            if not behaviour.match.takes(facts):
                continue
            if kind == "error" and (behaviour.effect.error in DCR_ERRORS) != facts.endpoint.startswith("dcr."):
                continue  # enhanced errors and those of DCR are each for their own API
            if lifetime is not None and getattr(behaviour.effect.ttl, lifetime, None) is None:
                continue
            if active.strikes():
                return Taken(active.id, behaviour.effect, active.hits, now - active.added, active.seed)
        return None

    def listed(self, now: int) -> list[dict[str, Any]]:
        """Every behaviour with its id, its hits, and whether it is switched on and whether it is over."""
        return [
            {
                "id": a.id,
                "hits": a.hits,
                "enabled": a.enabled,
                "over": a.over(now),
                **msgspec.to_builtins(a.behaviour, enc_hook=encode_hook),
            }
            for a in self._active.values()
        ]

    def _drop_ended(self, now: int) -> None:
        if len(self._active) >= MAX_BEHAVIOURS:
            self._active = {key: a for key, a in self._active.items() if not a.over(now)}
