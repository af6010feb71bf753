"""Runs: drive a service and judge it, audit a record, watch a mock, check a setup."""
