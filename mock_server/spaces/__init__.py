"""Spaces: isolated environments within one mock."""
