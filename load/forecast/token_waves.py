"""Waves of token calls: devices and instances that start together renew their access tokens together."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import islice, pairwise

import numpy as np

from pass_harness.load.forecast.call_ledger import NUMBER
from pass_harness.load.forecast.habits import Habits
from pass_harness.load.forecast.simulation import Tally

MOST_WAVES = 12


@dataclass(frozen=True)
class Wave:
    """One token lifetime, in whole seconds; ``number`` is 0 for first tokens, 1 for the first renewal."""

    number: int
    begins: int
    ends: int


def token_waves(tally: Tally, habits: Habits) -> list[Wave]:
    """Return the first `MOST_WAVES` waves with calls; none if a lifetime does not determine when tokens are fetched.

    Lifetimes begin with the first token of a device, or for the tokens of instances with the event.
    """
    tokens = tally.calls[NUMBER["dcr.token"]]
    if habits.tokens_per_call or not tokens.any():
        return []
    first = int(np.flatnonzero(tokens)[0]) if habits.client_per_device else 0
    lifetimes = math.ceil((tokens.size - first) / habits.token_life)
    ends = [min(tokens.size, first + int(number * habits.token_life)) for number in range(lifetimes + 1)]
    waves = (Wave(number, *limits) for number, limits in enumerate(pairwise(ends)))
    return list(islice((wave for wave in waves if tokens[wave.begins : wave.ends].any()), MOST_WAVES))
