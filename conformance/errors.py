"""Errors that a person can mend: the command line prints their sentence and exits with 2 or 3."""

from __future__ import annotations


class ConfigError(Exception):
    """Wrong usage, or a file that cannot be used; the sentence names the place and the remedy."""


class HarnessError(Exception):
    """The harness itself failed (mock gone, a child that did not start): nothing can be judged."""
