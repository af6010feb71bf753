"""Exchanges with the SSO Service in synthetic traces."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from conformance_traces import SERVICE_PROVIDER, Trace, error

from pass_harness.mock_server.exchange import Exchange
from pass_harness.mock_server.journal.masking import mask
from tests.conformance.trace_viewers import VIEWER, Viewer

ALICE = {"x-sso-id": mask("alice")}
REFUSED = {"error": error("token_expired", "get_new_token", 401)}


def carrying(token: str) -> dict[str, str]:
    return {"ad-service-token": mask(token)}


def issued(trace: Trace, value: str = "s1", viewer: Viewer = VIEWER, life: float = 3600.0, **more: Any) -> Exchange:  # noqa: ANN401 - fields of an exchange
    """Create a service token; ``headers`` replace X-SSO-ID."""
    return _ask(
        trace, "sso.token", viewer, more.pop("headers", ALICE), status=201, answer=_token(trace, value, life), **more
    )


def refreshed(trace: Trace, old: str, new: str = "", viewer: Viewer = VIEWER, life: float = 3600.0) -> Exchange:
    """Refresh a service token; without a new one, the refresh is refused."""
    answer: object = _token(trace, new, life) if new else REFUSED
    headers: dict[str, str | None] = {**carrying(old), "ap-device-identifier": None, "x-device-info": None}
    return _ask(trace, "sso.refresh", viewer, headers, status=200 if new else 401, answer=answer)


def linked(trace: Trace, value: str = "s1", code: str = "123456", **more: Any) -> Exchange:  # noqa: ANN401 - as above
    return _ask(trace, "sso.link", VIEWER, carrying(value), status=201, answer={"code": mask(code)}, **more)


def listed(trace: Trace, value: str = "s1", viewer: Viewer = VIEWER, **more: Any) -> Exchange:  # noqa: ANN401 - as above
    return _ask(trace, "sso.list", viewer, {**carrying(value), **more.pop("headers", {})}, **more)


def unlinked(trace: Trace, devices: Sequence[str] = ("ZGV2aWNl",), **more: Any) -> Exchange:  # noqa: ANN401 - as above
    headers = {**carrying("s1"), "content-type": "application/json", **more.pop("headers", {})}
    return _ask(trace, "sso.unlink", VIEWER, headers, body=json.dumps({"devices": list(devices)}), **more)


def _token(trace: Trace, token: str, life: float) -> dict[str, Any]:
    return {"serviceToken": mask(token), "notBefore": trace.ms(), "notAfter": trace.ms(life)}


def _ask(trace: Trace, endpoint: str, viewer: Viewer, headers: Mapping[str, str | None], **more: Any) -> Exchange:  # noqa: ANN401 - as above
    name = {"sso.token": "serviceToken", "sso.refresh": "serviceToken"}.get(endpoint, endpoint.removeprefix("sso."))
    return trace.exchange(
        endpoint,
        f"/api/{SERVICE_PROVIDER}/{name}",
        method="GET" if endpoint in {"sso.refresh", "sso.list"} else "POST",
        viewer=viewer,
        headers={**trace.for_device(viewer), **headers},
        service_provider=SERVICE_PROVIDER,
        **more,
    )
