"""Rules and scenarios are chosen by their ids and by patterns of these."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from fnmatch import fnmatchcase

from pass_harness.conformance.errors import ConfigError


def matching(patterns: Sequence[str], ids: Sequence[str], *, what: str, hint: str) -> frozenset[str]:
    """The ids that match one of the patterns (globs); all of them if there is no pattern.

    Raises `ConfigError` for a pattern that no ``what`` matches, so that a misspelt one does not pass unseen. Where
    none is similar, it gives the ``hint``.
    """
    for pattern in patterns:
        if not any(fnmatchcase(one, pattern) for one in ids):
            close = difflib.get_close_matches(pattern, ids, n=3, cutoff=0.5)
            meant = f"did you mean {', '.join(close)}?" if close else hint
            raise ConfigError(f"no {what} matches {pattern!r}: {meant}")
    return frozenset(one for one in ids if not patterns or any(fnmatchcase(one, pattern) for pattern in patterns))
