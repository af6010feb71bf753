"""State transitions of Adobe Pass. Functions take the world and ``now_ms`` and are independent of HTTP."""
