"""The state transitions of Adobe Pass. Functions take the world and ``now``; none knows of HTTP."""
