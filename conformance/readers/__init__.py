"""Readers: where exchanges come from — a recorded trace, or the journal of a running mock."""
