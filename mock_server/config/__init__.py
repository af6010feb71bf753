"""The settings of a mock, and the TOML file that they are read from."""
