"""Load tests of live events, built on Locust."""
