"""Simulated data centres: their name in DNS and the fail-over between them."""
