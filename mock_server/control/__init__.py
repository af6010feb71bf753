"""The control API, below ``/_mock``: calls with which tests and people control and inspect a mock.

Requests and answers are JSON; errors are ``{"error": "one sentence"}`` with a 4xx (docs/reference/control-api.md).
"""
