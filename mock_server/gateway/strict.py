"""Strict mode (``--strict``): refuses undocumented requests that Adobe Pass accepts in practice.

The API pages document the place of parameters, their names, the content type and the device information. Adobe has
errors for some of these only; otherwise the mock answers the closest error, with the reason in its details.
"""

from __future__ import annotations

from collections.abc import Mapping

from pass_harness.mock_server.adobe.errors import ApiError, DcrError
from pass_harness.mock_server.adobe.sso_errors import HEADER_MISSING, REQUEST_INVALID, SsoError
from pass_harness.mock_server.gateway import parameters
from pass_harness.mock_server.gateway.call import Call
from pass_harness.mock_server.gateway.endpoint import JSON, Body, Endpoint, ErrorForm
from pass_harness.mock_server.gateway.parameters import Malformed, Repeated


def check(call: Call) -> None:
    """Raise ApiError, DcrError or SsoError for the first undocumented part of a request."""
    endpoint = call.endpoint
    if not call.settings.strict or endpoint is None:
        return
    _check_device_info(call, endpoint)
    # The forms of pages are those of the mock; Adobe does not document them.
    if endpoint.body is not None and not endpoint.is_page:
        _check_body(call, endpoint, endpoint.body)


def _check_body(call: Call, endpoint: Endpoint, body: Body) -> None:
    if call.inbound.query:
        raise _refusal(endpoint, body.error, "parameters must be in the body: leave the query string empty")
    # A session may be created without parameters; an empty body needs no content type.
    if call.inbound.body:
        media_type = (call.header("content-type") or "").partition(";")[0].strip().lower()
        if media_type != body.media_type:
            raise _refusal(
                endpoint, body.error, f"the content type is {media_type or 'missing'}: send {body.media_type}"
            )
    given = _members(call, body)
    unknown = sorted(given.keys() - body.parameters)
    if unknown:
        raise _refusal(endpoint, body.error, f"unknown parameter {', '.join(unknown)}: remove it")
    domain = given.get("domainName")
    if domain and domain not in call.requestor.domains:
        domains = ", ".join(call.requestor.domains)
        raise _refusal(
            endpoint, "invalid_parameter_redirect_url", f"unknown domainName {domain}: send one of {domains}"
        )


def _check_device_info(call: Call, endpoint: Endpoint) -> None:
    """Raise the error for X-Device-Info that is missing where required, or cannot be decoded."""
    missing = endpoint.needs_device_info and call.header("x-device-info") is None
    if missing or call.device_info is None:
        sentence = "X-Device-Info is missing or cannot be decoded: send Base64 of a JSON object"
        raise _refusal(endpoint, "invalid_header_device_info", sentence)


def _members(call: Call, body: Body) -> Mapping[str, object]:
    try:
        return parameters.json_object(call) if body.media_type == JSON else parameters.form(call)
    except (Malformed, Repeated):
        return {}  # the endpoint refuses a malformed body, in any mode


def _refusal(endpoint: Endpoint, code: str | None, sentence: str) -> ApiError | DcrError | SsoError:
    if endpoint.error_form is ErrorForm.SSO:
        return SsoError(HEADER_MISSING if code == "invalid_header_device_info" else REQUEST_INVALID, sentence)
    if code is None or endpoint.error_form is ErrorForm.DCR:
        return DcrError("invalid_request", sentence)
    return ApiError(code, sentence)
