"""Mistakes that the person who runs a command can mend: the command prints the sentence and exits with 2."""

from __future__ import annotations


class ConfigError(Exception):
    """Wrong usage, or a file that cannot be used; the sentence names the place and the remedy."""
