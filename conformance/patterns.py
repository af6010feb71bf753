"""Selection of rules and scenarios by id or glob pattern."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from fnmatch import fnmatchcase

from pass_harness.conformance.errors import ConfigError


def matching(patterns: Sequence[str], ids: Sequence[str], *, what: str, hint: str) -> frozenset[str]:
    """Return the ids that match one of the patterns (globs), or all ids without patterns.

    Raises `ConfigError` for a pattern that matches no ``what``, so that a typing error does not go unnoticed. The
    message names similar ids or, if there are none, the ``hint``.
    """
    for pattern in patterns:
        if not any(fnmatchcase(one, pattern) for one in ids):
            close = difflib.get_close_matches(pattern, ids, n=3, cutoff=0.5)
            meant = f"did you mean {', '.join(close)}?" if close else hint
            raise ConfigError(f"no {what} matches {pattern!r}: {meant}")
    return frozenset(one for one in ids if not patterns or any(fnmatchcase(one, pattern) for pattern in patterns))
