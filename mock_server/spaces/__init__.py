"""Spaces: isolated worlds within one mock."""
