"""The command pass-mock."""
