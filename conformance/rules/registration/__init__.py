"""Rules of the registration phase: credentials and access tokens."""
