"""Rules of the logout phase: the end of a login."""
