"""Rules of the authorization phase: what may be played."""
