"""The proxy: in front of a real Adobe Pass environment, it records and judges what a service does there."""
