"""Generators of the collections and control clients in this folder, from the OpenAPI documents of the mock."""
