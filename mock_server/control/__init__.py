"""The control API, under ``/_mock``: what tests and people do to a mock that is no business of Adobe Pass.

JSON in, JSON out; errors are ``{"error": "one sentence"}`` with a 4xx (docs/reference/control-api.md).
"""
