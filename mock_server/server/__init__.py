"""Processes, sockets and TLS of a served mock."""
