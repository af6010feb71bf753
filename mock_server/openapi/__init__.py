"""The OpenAPI document of the mock, generated from endpoints and wire models, and its comparison with others."""
