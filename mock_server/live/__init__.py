"""Live evaluation: observers (the conformance rules, if installed) receive each exchange while the mock runs."""
