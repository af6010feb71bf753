"""Drafts of a first service.toml: from answers on the terminal, or from an OpenAPI document of the service."""
