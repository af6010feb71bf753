"""The extras of the distribution: optional dependencies, and the error for those that are not installed."""

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
"""Modules of each extra of pyproject.toml; the extra is installed if all can be imported."""


def require(extra: str, feature: str) -> None:
    """Raise ConfigError with the install command if an extra, which ``feature`` needs, is not installed."""
    missing = [module for module in EXTRAS[extra] if find_spec(module) is None]
    if missing:
        install = f"pip install 'pass-harness[{extra}]'"
        raise ConfigError(f"{feature} needs packages that are not installed ({', '.join(missing)}): {install}")
