"""Pass Harness: a mock of Adobe Pass Authentication, a conformance suite and load scenarios."""
