"""Drivers: they carry verbs to the service under test.

`VerbError` is what a driver in Python raises where the service failed a verb.
"""

from pass_harness.conformance.drivers.http_verbs import VerbError

__all__ = ["VerbError"]
