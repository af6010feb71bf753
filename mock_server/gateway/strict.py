"""``--strict``: refuse what Adobe Pass serves although none of its documents has it, for who wants to fail early.

What is documented is on the API pages: where parameters stand, their names, the content type, the device information.
Adobe has errors for some of this only; the nearest one is answered, with the reason in its details.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pass_harness.mock_server.adobe.errors import ApiError, DcrError
from pass_harness.mock_server.gateway import parameters
from pass_harness.mock_server.gateway.call import Call
from pass_harness.mock_server.gateway.parameters import Malformed, Repeated

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"


@dataclass(frozen=True)
class _Body:
    """What the page of an endpoint says of its body, and the enhanced error code for anything else."""

    media_type: str
    members: frozenset[str]
    error: str = ""


_SESSION = _Body(FORM, frozenset({"mvpd", "domainName", "redirectUrl"}), "invalid_parameter_mvpd")
_DECISIONS = _Body(JSON, frozenset({"resources"}), "invalid_parameter_resources")
_BODIES = {
    "dcr.register": _Body(JSON, frozenset({"software_statement", "redirect_uri"})),
    "dcr.token": _Body(FORM, frozenset({"client_id", "client_secret", "grant_type"})),
    "sessions.create": _SESSION,
    "sessions.resume": _SESSION,
    "sessions.partner": _Body(FORM, frozenset({"domainName", "redirectUrl"}), "invalid_parameter_redirect_url"),
    "profiles.partner": _Body(FORM, frozenset({"SAMLResponse"}), "invalid_parameter_saml_response"),
    "decisions.preauthorize": _DECISIONS,
    "decisions.authorize": _DECISIONS,
}


def check(call: Call) -> None:
    """ApiError or DcrError for the first thing about a request that is not documented."""
    if not call.settings.strict or call.endpoint is None:
        return
    _check_device_info(call)
    body = _BODIES.get(call.endpoint.id)
    if body is None:
        return
    if call.inbound.query:
        raise _refusal(call, body.error, "the parameters belong into the body, and the query string stays empty")
    # A session may be created without any parameter, and then there is nothing to have a content type.
    if call.inbound.body:
        media_type = (call.header("content-type") or "").partition(";")[0].strip().lower()
        if media_type != body.media_type:
            raise _refusal(call, body.error, f"the content type is {media_type or 'missing'}, not {body.media_type}")
    given = _members(call, body)
    unknown = sorted(given.keys() - body.members)
    if unknown:
        raise _refusal(call, body.error, f"there is no parameter {', '.join(unknown)}")
    domain = given.get("domainName")
    if domain and domain not in call.requestor.domains:
        domains = ", ".join(call.requestor.domains)
        raise _refusal(call, "invalid_parameter_redirect_url", f"domainName {domain} is none of {domains}")


def _check_device_info(call: Call) -> None:
    """Where the header is optional it must still be readable if it is there."""
    required = call.endpoint is not None and (call.endpoint.needs_device or call.endpoint.id.startswith("dcr."))
    if call.device_info is None and (required or call.header("x-device-info") is not None):
        sentence = "X-Device-Info is missing, or not Base64 of a JSON object"
        raise _refusal(call, "invalid_header_device_info", sentence)


def _members(call: Call, body: _Body) -> Mapping[str, object]:
    try:
        return parameters.json_object(call) if body.media_type == JSON else parameters.form(call)
    except (Malformed, Repeated):
        return {}  # what cannot be read is refused by the endpoint, strict or not


def _refusal(call: Call, code: str, sentence: str) -> ApiError | DcrError:
    if call.endpoint is not None and call.endpoint.id.startswith("dcr."):
        return DcrError("invalid_request", sentence)
    return ApiError(code, sentence)
