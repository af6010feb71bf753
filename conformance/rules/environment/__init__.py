"""Rules of the environment: connections."""
