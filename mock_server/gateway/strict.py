"""``--strict``: refuse what Adobe Pass serves although none of its documents has it, for who wants to fail early.

What is documented is on the API pages: where parameters stand, their names, the content type, the device information.
Adobe has errors for some of this only; the nearest one is answered, with the reason in its details.
"""

from __future__ import annotations

from collections.abc import Mapping

from pass_harness.mock_server.adobe.errors import ApiError, DcrError
from pass_harness.mock_server.gateway import parameters
from pass_harness.mock_server.gateway.call import Call
from pass_harness.mock_server.gateway.endpoint import JSON, Body, Endpoint, ErrorForm
from pass_harness.mock_server.gateway.parameters import Malformed, Repeated


def check(call: Call) -> None:
    """ApiError or DcrError for the first thing about a request that is not documented."""
    endpoint = call.endpoint
    if not call.settings.strict or endpoint is None:
        return
    _check_device_info(call, endpoint)
    # The forms of pages are the mock's own: no page of Adobe's documents them.
    if endpoint.body is not None and not endpoint.is_page:
        _check_body(call, endpoint, endpoint.body)


def _check_body(call: Call, endpoint: Endpoint, body: Body) -> None:
    if call.inbound.query:
        raise _refusal(endpoint, body.error, "the parameters belong into the body, and the query string stays empty")
    # A session may be created without any parameter, and then there is nothing to have a content type.
    if call.inbound.body:
        media_type = (call.header("content-type") or "").partition(";")[0].strip().lower()
        if media_type != body.media_type:
            raise _refusal(
                endpoint, body.error, f"the content type is {media_type or 'missing'}, not {body.media_type}"
            )
    given = _members(call, body)
    unknown = sorted(given.keys() - body.parameters)
    if unknown:
        raise _refusal(endpoint, body.error, f"there is no parameter {', '.join(unknown)}")
    domain = given.get("domainName")
    if domain and domain not in call.requestor.domains:
        domains = ", ".join(call.requestor.domains)
        raise _refusal(endpoint, "invalid_parameter_redirect_url", f"domainName {domain} is none of {domains}")


def _check_device_info(call: Call, endpoint: Endpoint) -> None:
    """Where the header is optional it must still be readable if it is there."""
    if call.device_info is None and (endpoint.needs_device_info or call.header("x-device-info") is not None):
        sentence = "X-Device-Info is missing, or not Base64 of a JSON object"
        raise _refusal(endpoint, "invalid_header_device_info", sentence)


def _members(call: Call, body: Body) -> Mapping[str, object]:
    try:
        return parameters.json_object(call) if body.media_type == JSON else parameters.form(call)
    except (Malformed, Repeated):
        return {}  # what cannot be read is refused by the endpoint, strict or not


def _refusal(endpoint: Endpoint, code: str | None, sentence: str) -> ApiError | DcrError:
    if code is None or endpoint.error_form is ErrorForm.DCR:
        return DcrError("invalid_request", sentence)
    return ApiError(code, sentence)
