"""Counters and the lag of the event loop, for Prometheus."""
