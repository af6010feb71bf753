"""The dashboard at ``/_mock/``: a page that shows a space. It uses the control API only.

Page, scripts and styles contain no data, so they need no control token; the page asks the user for it. The content
security policy allows only the scripts and styles of this package.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache
from importlib import resources

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

_POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "connect-src 'self'",
        "img-src data:",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        # Text never becomes markup: an assignment to innerHTML is an error.
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    ]
)


def page_headers(policy: str) -> dict[str, str]:
    """Return the headers of a page and its files, with a content security policy."""
    return {
        "cache-control": "no-cache",  # page and scripts must be of the same version
        "content-security-policy": policy,
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
    }


_HEADERS = page_headers(_POLICY)


def dashboard_routes() -> list[BaseRoute]:
    """Return the routes of the page, its scripts and its styles."""
    return [
        Route("/_mock", page, methods=["GET"]),
        Mount("/_mock/dashboard", PageFiles(_HEADERS, packages=[("pass_harness.mock_server", "dashboard/static")])),
    ]


class FrontDoor:
    """The ASGI app of the path ``/``: it redirects browsers to the dashboard, and passes other requests on."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_page = scope["method"] in {"GET", "HEAD"} and "text/html" in Headers(scope=scope).get("accept", "")
        app = RedirectResponse(f"{scope['space_prefix']}/_mock/", 307) if is_page else self._app
        await app(scope, receive, send)


async def page(request: Request) -> Response:
    """Return the page, or a redirect to the path with a trailing slash: the URLs in the page are relative to it."""
    if not request.scope["space_path"].endswith("/"):
        return RedirectResponse(f"{request.scope['space_prefix']}/_mock/", 308)
    return HTMLResponse(_page(), headers=_HEADERS)


class PageFiles(StaticFiles):
    """Files of a page, with the headers of the page."""

    def __init__(
        self,
        headers: Mapping[str, str],
        *,
        directory: str | os.PathLike[str] | None = None,
        packages: list[str | tuple[str, str]] | None = None,
    ) -> None:
        super().__init__(directory=directory, packages=packages)
        self._headers = headers

    def file_response(
        self, full_path: str | os.PathLike[str], stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        response = super().file_response(full_path, stat_result, scope, status_code)
        response.headers.update(self._headers)
        return response


@cache
def _page() -> str:
    return (resources.files("pass_harness.mock_server") / "dashboard" / "page.html").read_text("utf-8")
