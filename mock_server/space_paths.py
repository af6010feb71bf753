"""Paths of requests: the prefix of a space, ``/~NAME``, and repeated slashes."""

from __future__ import annotations

import re

DEFAULT_SPACE = "default"
PREFIX = re.compile(r"/+~([A-Za-z0-9][A-Za-z0-9._-]{0,63})(?=/|$)(?:/+~\1(?=/|$))*")
"""The prefix of a space; also twice, as services send it that append the ``url`` of a session to their base URL."""
_SLASHES = re.compile("//+")
_CONTROL = re.compile(r"(?:/+~[A-Za-z0-9][A-Za-z0-9._-]{0,63}(?=/|$))*+/+_mock(?:/|$)")


def merge_slashes(path: str) -> str:
    """Return the path with one slash for each run of slashes: Adobe Pass, like nginx, finds it by that."""
    return _SLASHES.sub("/", path) if "//" in path else path


def split_space(path: str) -> tuple[str, str, str]:
    """Return the name of the space of a path, its prefix (``/~NAME`` or nothing), and the path behind the prefix."""
    match = PREFIX.match(path) if path.startswith(("/~", "//")) else None
    if match is None:
        return DEFAULT_SPACE, "", path or "/"
    return match[1], f"/~{match[1]}", path[match.end() :] or "/"


def is_control_path(path: str) -> bool:
    """Return whether a path is that of a control call, in the space of any prefixes."""
    return _CONTROL.match(path) is not None
