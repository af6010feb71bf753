"""Locks of files among processes, which POSIX systems have and Windows has not."""

from __future__ import annotations

from pass_harness.mock_server.formats.usage_error import ConfigError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

__all__ = ["fcntl", "require_file_locks"]


def require_file_locks(option: str) -> None:
    """Raise `ConfigError` if ``option`` needs locks that this system lacks."""
    if fcntl is None:
        raise ConfigError(f"{option} does not work on Windows, which lacks its file locks: run the mock in WSL")
