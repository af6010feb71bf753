"""Facts that several rules read from exchanges: bodies, headers, sessions, tokens, times. Pure and bounded."""
