"""Live-event load scenarios on Locust."""
