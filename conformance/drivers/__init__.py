"""Drivers: they carry verbs to the service under test."""
