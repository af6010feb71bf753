"""JSON that came from elsewhere: what all can go wrong in reading it."""

from __future__ import annotations

import msgspec

UNREADABLE = (msgspec.DecodeError, UnicodeError, RecursionError)
"""What msgspec raises for text that is no JSON, or not of the shape that is wanted; that is no Unicode; too deep."""
