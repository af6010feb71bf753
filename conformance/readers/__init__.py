"""Readers of exchanges: from recorded traces, or from the journal of a running mock."""
