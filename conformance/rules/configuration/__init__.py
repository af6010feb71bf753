"""Rules of the configuration phase: the list of TV providers."""
