"""Rules of the preauthorization phase: what may be shown."""
