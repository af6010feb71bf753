"""The command pass-conformance."""
