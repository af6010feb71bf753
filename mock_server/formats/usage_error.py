"""Usage errors: a command prints the message and exits with 2."""

from __future__ import annotations


class ConfigError(Exception):
    """Wrong usage or an invalid file; the message names the position and the remedy."""
