"""The recording reverse proxy in front of a real Adobe Pass environment."""
