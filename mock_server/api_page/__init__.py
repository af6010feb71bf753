"""The page at ``/_mock/docs``: Swagger UI with the OpenAPI documents of the mock, from which it sends requests.

Scripts and styles of Swagger UI come from the package flask-swagger-ui (extra ``swagger``). Only its files are used:
Flask is not imported. Like the dashboard, the page contains no data and needs no control token; the user gives the
token to the page, which keeps it in memory.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route

from pass_harness.mock_server.dashboard import PageFiles, page_headers
from pass_harness.mock_server.formats.usage_error import ConfigError
from pass_harness.mock_server.optional_dependencies import require

_POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "connect-src 'self'",
        "img-src 'self' data:",  # icons in the styles of Swagger UI
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    ]
)
_HEADERS = page_headers(_POLICY)
_OWN = Path(__file__).parent
_PACKAGE = "flask_swagger_ui"


def api_page_routes() -> list[BaseRoute]:
    """Return the routes of the page, its own files, and those of Swagger UI if the package is installed."""
    routes: list[BaseRoute] = [
        Route("/_mock/docs", page, methods=["GET"]),
        Mount("/_mock/api-page", PageFiles(_HEADERS, directory=_OWN / "static")),
    ]
    if (spec := find_spec(_PACKAGE)) is not None and spec.submodule_search_locations:
        assets = Path(spec.submodule_search_locations[0]) / "dist"
        routes.append(Mount("/_mock/swagger-ui", PageFiles(_HEADERS, directory=assets)))
    return routes


async def page(request: Request) -> Response:
    """Return the page; 404 with the install command if Swagger UI is not installed."""
    if request.scope["space_path"].endswith("/"):  # the URLs in the page are relative
        return RedirectResponse(f"{request.scope['space_prefix']}/_mock/docs", 308)
    try:
        require("swagger", "the page /_mock/docs")
    except ConfigError as missing:
        return HTMLResponse(f"<!doctype html><title>Pass Harness</title><p>{missing}", 404, _HEADERS)
    return FileResponse(_OWN / "page.html", headers=_HEADERS)
