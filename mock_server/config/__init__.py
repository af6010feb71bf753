"""The settings of a mock and the TOML file that gives them."""
