"""service.toml: how the suite reaches the Programmer Service under test."""
