"""Simulated data centres: their DNS name and the failover between them."""
