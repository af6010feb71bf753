"""Making a first service.toml: from what people answer, or from an OpenAPI document of their service."""
