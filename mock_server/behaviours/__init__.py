"""Behaviours: match, effect and lifetime, the one mechanism by which the mock departs from its defaults."""
