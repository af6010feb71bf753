"""Extras of the package: optional dependencies, and the error if one is missing."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec

from pass_harness.mock_server.formats.usage_error import ConfigError

_PROXY = ("brotli", "zstandard")
_CONFORMANCE = (*_PROXY, "jsonpath", "rich", "yaml")
EXTRAS: Mapping[str, tuple[str, ...]] = {
    "conformance": _CONFORMANCE,
    "load": (*_CONFORMANCE, "faker", "locust", "numpy", "psutil"),
    "otel": ("opentelemetry.sdk", "opentelemetry.exporter.otlp.proto.http"),
    "proxy": _PROXY,
    "redis": ("redis",),
    "swagger": ("flask_swagger_ui",),
}
"""Modules whose presence shows that an extra of pyproject.toml is installed."""


def require(extra: str, what: str) -> None:
    """Raise `ConfigError` with the install command if ``what`` needs an extra that is not installed."""
    missing = [module for module in EXTRAS[extra] if not _is_installed(module)]
    if missing:
        install = f"pip install 'pass-harness[{extra}]', or start it with uvx --from 'pass-harness[{extra}]'"
        raise ConfigError(f"{what} needs packages that are not installed ({', '.join(missing)}): {install}")


def _is_installed(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # of the package around it
        return False
