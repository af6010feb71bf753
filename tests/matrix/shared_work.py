"""Work that several processes divide among themselves: each part is done by the first process that asks for it."""

from __future__ import annotations

import pickle
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")
LOOK_S = 0.2
"""Seconds between two looks for a part that another process does."""


def shared(folder: Path, parts: int, do: Callable[[int], T]) -> list[T]:
    """Return the result of each part, done here or by another process that has the same ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    for part in range(parts):
        if _claims(folder / f"{part}.claim"):
            _write(folder / f"{part}.pickle", partial(do, part))
    return [_read(folder / f"{part}.pickle") for part in range(parts)]


def _claims(path: Path) -> bool:
    """Return whether this process is the first one to create the file."""
    try:
        path.touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


def _write(path: Path, make: Callable[[], object]) -> None:
    """Write a result for all processes; a failure too, so that none waits for ever."""
    try:
        made, failure = make(), None
    except BaseException as error:
        made, failure = None, repr(error)
        raise
    finally:
        unfinished = path.with_suffix(".part")
        unfinished.write_bytes(pickle.dumps((made, failure)))
        unfinished.rename(path)


def _read(path: Path) -> Any:  # noqa: ANN401 - whatever was written
    """Wait for a result and return it."""
    while not path.exists():
        time.sleep(LOOK_S)
    made, failure = pickle.loads(path.read_bytes())  # noqa: S301 - written by a process of the same test session
    if failure is not None:
        raise RuntimeError(f"the process that had this part failed: {failure}")
    return made
