"""The environment variables that the commands read."""

from __future__ import annotations

CONTROL_TOKEN = "PASS_MOCK_CONTROL_TOKEN"  # noqa: S105 - the name of a variable
"""Gives the control token to those who start a mock and those who use it."""
