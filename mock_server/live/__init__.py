"""Live evaluation: observers (the conformance rules, when installed) see each exchange as it happens."""
