"""Reports: what an event did to a service, as JSON and for people."""
