"""Exceptions from decoding untrusted JSON."""

from __future__ import annotations

import msgspec

UNREADABLE = (msgspec.DecodeError, UnicodeError, RecursionError)
"""Exceptions of msgspec for invalid JSON, another shape, invalid Unicode, or excessive nesting."""
