"""Rules of headers: what every request carries."""
