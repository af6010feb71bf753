"""Answers to paths below /_mock that no control call has: near misses, or the methods of the path."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import compile_path

from pass_harness.mock_server.control.http import Refused

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
_MAX_PATH = 100
"""Characters of a path that are compared and shown."""
_NEAR = 0.6
"""Similarity from which a path counts as a typing error."""


class UnknownCalls:
    """Explanations of unknown control calls, from the methods and paths of the known ones."""

    def __init__(self, calls: Iterable[tuple[str, str]]) -> None:
        """``calls`` are methods and paths; the paths are those below /_mock, and may have parameters."""
        self._methods: dict[str, list[str]] = {}
        for method, path in calls:
            self._methods.setdefault(path, []).append(method)
        self._patterns = {path: compile_path(path)[0] for path in self._methods}

    async def refuse(self, request: Request) -> Response:
        """Raise Refused: 405 for another method of a known path, 404 for any other path."""
        path = f"/{request.path_params.get('path', '')}"
        for known, pattern in self._patterns.items():
            if pattern.match(path):
                methods = " or ".join(self._methods[known])
                raise Refused(f"/_mock{path[:_MAX_PATH]} has no {request.method}: use {methods}", 405)
        near = get_close_matches(path[:_MAX_PATH], self._methods, cutoff=_NEAR)
        hint = " or ".join(f"{'/'.join(self._methods[one])} /_mock{one}" for one in near)
        known_calls = f"did you mean {hint}?" if near else "docs/reference/control-api.md lists the calls"
        raise Refused(f"there is no control call {request.method} /_mock{path[:_MAX_PATH]}; {known_calls}", 404)
