"""Typed clients of the control API."""
