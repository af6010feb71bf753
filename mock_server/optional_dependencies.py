"""The extras: what is installed beside the mock only for those who ask for it."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec

from pass_harness.mock_server.formats.usage_error import ConfigError

_PROXY = ("brotli", "zstandard")
_CONFORMANCE = (*_PROXY, "jsonpath", "rich", "yaml")
EXTRAS: Mapping[str, tuple[str, ...]] = {
    "conformance": _CONFORMANCE,
    "load": (*_CONFORMANCE, "faker", "locust", "numpy", "psutil"),
    "proxy": _PROXY,
    "redis": ("redis",),
}
"""The modules that tell whether an extra of pyproject.toml is installed."""


def require(extra: str, what: str) -> None:
    """Raises `ConfigError`, with the command that mends it, where ``what`` needs an extra that is not installed."""
    missing = [module for module in EXTRAS[extra] if find_spec(module) is None]
    if missing:
        install = f"pip install 'pass-harness[{extra}]'"
        raise ConfigError(f"{what} needs more than is installed ({', '.join(missing)}): {install}")
