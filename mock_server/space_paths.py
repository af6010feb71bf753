"""Path prefix of a space: ``/~NAME``."""

from __future__ import annotations

import re

DEFAULT_SPACE = "default"
PREFIX = re.compile(r"/~([A-Za-z0-9][A-Za-z0-9._-]{0,63})(?=/|$)")
