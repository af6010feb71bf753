"""The state transitions of Adobe Pass. Functions take the world and ``now_ms``; none knows of HTTP."""
