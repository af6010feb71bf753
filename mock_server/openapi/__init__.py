"""The OpenAPI document of the mock, made from its endpoints and wire models, and its comparison with others."""
