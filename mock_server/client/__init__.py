"""Typed clients of the control API, for coroutines and for synchronous code."""
