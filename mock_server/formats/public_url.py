"""The public URL of a mock: scheme, host and port by which browsers reach it."""

from __future__ import annotations

import re
from typing import Annotated, Any, ClassVar

import msgspec

from pass_harness.mock_server.formats.durations import Written

_PORT = r"\d{1,4}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d\d|655[0-2]\d|6553[0-5]"
_HOST = rf"(?:[A-Za-z0-9._-]{{1,253}}|\[[0-9A-Fa-f:.]{{2,45}}\])(?::(?:{_PORT}))?"
_HOST_FORM = re.compile(_HOST, re.ASCII)
_FORM = re.compile(rf"https?://{_HOST}/?", re.ASCII)


class PublicUrl(Written):
    """The scheme, host and port of a URL; ``origin`` is its text without a slash at the end."""

    form: ClassVar[Any] = Annotated[str, msgspec.Meta(pattern=f"^{_FORM.pattern}$")]

    def __init__(self, written: object) -> None:
        super().__init__(written)
        if not isinstance(written, str) or _FORM.fullmatch(written) is None:
            raise ValueError(
                f"{written!r} is not a public URL: write https://HOST or https://HOST:PORT, without a path"
            )
        self.origin = written.rstrip("/")


def is_host(text: str) -> bool:
    """Return True for a host name or IP address, with or without a port, as in a Host header."""
    return _HOST_FORM.fullmatch(text) is not None
