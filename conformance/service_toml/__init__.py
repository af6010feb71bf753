"""service.toml: the configuration of the Programmer Service under test."""
