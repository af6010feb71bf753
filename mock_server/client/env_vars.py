"""Environment variables that the commands read."""

from __future__ import annotations

CONTROL_TOKEN = "PASS_MOCK_CONTROL_TOKEN"  # noqa: S105 - the name of a variable
"""Variable with the control token, for the mock and for its clients."""
DEBUG = "PASS_HARNESS_DEBUG"
"""Variable that makes commands print the traceback of an internal error."""
