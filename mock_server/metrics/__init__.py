"""Request counters and event-loop lag, for Prometheus."""
