"""Text formats of files and options: durations, sizes, TOML positions, JSON Schema, untrusted JSON."""
