"""Runs: judge a service, audit traces, watch a mock, check a setup."""
