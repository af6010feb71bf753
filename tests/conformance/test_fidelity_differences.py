"""`pass-mock compare` finds differences of every kind, made by hand in answers of the mock."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from fidelity_edits import Edit, drop, edited, found_in, put
from fidelity_records import compared, differing, recorded, tour
from test_fidelity import NEWS, OPEN, news

from pass_harness.conformance.fidelity.comparison import Comparison
from pass_harness.conformance.fidelity.replay import Replay
from pass_harness.conformance.fidelity.report import Tally, text
from pass_harness.mock_server.adobe.errors import ENHANCED_ERRORS
from pass_harness.mock_server.adobe.models import ErrorInformation
from pass_harness.mock_server.config.settings import Settings
from pass_harness.mock_server.exchange import Exchange
from tests.mock_server.conftest import FULL, Mock

MISSING_PROFILE = "authenticated_profile_missing"


@pytest.fixture(scope="module")
def replay() -> Iterator[Replay]:
    with Replay() as made:
        yield made


@pytest.fixture(scope="module")
def exchanges() -> list[Exchange]:
    return recorded(OPEN, tour)


DECISION = ("decisions", 0)
TOO_MANY = msgspec.to_builtins(ErrorInformation.of(ENHANCED_ERRORS["too_many_resources"], "trace"))
BODIES: dict[str, tuple[str, str, Edit, str]] = {
    "missing key": (
        "profiles",
        "notBefore",
        drop("profiles", "Cablevision", "issuer"),
        "$.profiles.*.issuer: absent",
    ),
    "missing key of an outcome": ("sessions.create", '"authenticate"', drop("code"), "$.code with actionName"),
    "additional key": ("configuration", "requestor", put("platform", value="x"), "$.platform: present"),
    "additional key that may be an identifier": (
        "configuration",
        "requestor",
        put("viewer 4711", value=1),
        "$.(a name of 11 characters): present",
    ),
    "additional key of an outcome": (
        "decisions.preauthorize",
        "true",
        put(*DECISION, "notAfter", value=1),
        "$.decisions[].notAfter with authorized",
    ),
    "other type": ("dcr.token", "bearer", put("expires_in", value="21600"), "$.expires_in: string"),
    "null": ("sessions.create", '"authenticate"', put("mvpd", value=None), "$.mvpd: null"),
    "unknown enumeration value": (
        "sessions.create",
        '"authenticate"',
        put("reasonType", value="secretReason"),
        "$.reasonType: an undocumented value in the record",
    ),
    "unknown element": (
        "sessions.create",
        "missing",
        put("missingParameters", value=["colour"]),
        "$.missingParameters[]: an undoc",
    ),
    "enumeration value of another outcome": (
        "sessions.create",
        '"authenticate"',
        put("actionType", value="direct"),
        "$.actionType with actionName auth",
    ),
    "action of another endpoint": (
        "sessions.create",
        '"resume"',
        put("actionName", value="retry"),
        "$.actionName: a value of another endpoint",
    ),
    "other form of url": (
        "sessions.create",
        '"authenticate"',
        put("url", value="https://x.example/y"),
        "$.url with actionName authent",
    ),
    "unknown code": (
        "profiles",
        "invalid_access_token_client",
        put("code", value="brand_new_code"),
        "$.code: an undocumented value",
    ),
    "other action": (
        "profiles",
        "invalid_access_token_client",
        put("action", value="retry"),
        "$.action of invalid_access_token_client_application: retry",
    ),
    "other message": (
        "profiles",
        "invalid_access_token_client",
        put("message", value="No."),
        "$.message of invalid_access_token_client_app",
    ),
    "other status in an error": (
        "profiles",
        "invalid_access_token_client",
        put("status", value=403),
        "$.status of invalid_access",
    ),
    "other help": (
        "profiles",
        "invalid_access_token_client",
        put("helpUrl", value="https://x.example"),
        "$.helpUrl: another URL",
    ),
    "other message of a decision": (
        "decisions.authorize",
        MISSING_PROFILE,
        put(*DECISION, "error", "message", value="No."),
        f"$.decisions[].error.message of {MISSING_PROFILE}",
    ),
    "missing error of a decision": (
        "decisions.authorize",
        MISSING_PROFILE,
        drop(*DECISION, "error"),
        "$.decisions[].error with authorized false",
    ),
    "level of an error": (
        "decisions.authorize",
        MISSING_PROFILE,
        put(*DECISION, "error", value=TOO_MANY),
        "level of too_many_resources",
    ),
    "DCR code": (
        "dcr.register",
        "invalid_soft",
        put("error", value="server_error"),
        "$.error: an undocumented value",
    ),
    "lifetime of tokens": ("dcr.token", "bearer", put("expires_in", value=3600), "lifetime of access tokens: 1h"),
    "lifetime of sessions": (
        "sessions.create",
        '"authenticate"',
        put("notAfter", value="1752149282000"),
        "lifetime of sessions: 1s",
    ),
    "lifetime of media tokens": (
        "decisions.authorize",
        "serializedToken",
        put(*DECISION, "token", "notAfter", value=1752149581000),
        "lifetime of media tokens: 5m",
    ),
    "existing parameters": (
        "sessions.retrieve",
        "existing",
        put("existingParameters", "domain", value="x"),
        "$.existingParameters.domain: present",
    ),
    "issuer": (
        "profiles.mvpd",
        '"temporary"',
        put("profiles", "TempPass", "issuer", value="TempPass"),
        "$.profiles.*.issuer with type temporary",
    ),
    "logout": ("logout", '"invalid"', put("logouts", "Dish", "url", value="/x"), "$.logouts.*.url with actionName"),
}


@pytest.mark.parametrize("kind", BODIES)
def test_a_difference_of_the_body_is_found(replay: Replay, exchanges: list[Exchange], kind: str) -> None:
    endpoint, containing, edit, expected = BODIES[kind]
    original = found_in(exchanges, endpoint, containing)
    assert differing(compared(replay, [original])) == []
    differences = differing(compared(replay, [edited(original, edit)]))
    assert [one for one in differences if one[2].startswith(expected)] != []
    # One edit is one difference, or two where two documents of it exist.
    assert len(differences) <= 2, differences


def answer(exchange: Exchange, **changes: Any) -> Exchange:  # noqa: ANN401 - members of an exchange
    headers = changes.pop("headers", None)
    if headers is not None:
        merged = {**exchange.response_headers, **headers}
        changes["response_headers"] = {name: value for name, value in merged.items() if value}
    return msgspec.structs.replace(exchange, **changes)


ANSWERS: dict[str, tuple[str, str, dict[str, Any], str]] = {
    "undocumented status": ("profiles", "invalid_access_token_client", {"status": 418}, "HTTP status: 418"),
    "status of a code": (
        "profiles",
        "invalid_access_token_client",
        {"status": 403},
        "HTTP status of invalid_access_token_client_application: 403",
    ),
    "other media type": (
        "profiles",
        "profiles",
        {"headers": {"content-type": "text/html"}},
        "header Content-Type: text/html",
    ),
    "other charset": (
        "profiles",
        "profiles",
        {"headers": {"content-type": "application/json;charset=latin-1"}},
        "charset of Content",
    ),
    "no JSON": ("profiles", "profiles", {"response_body": "{"}, "$: no JSON in the record"),
    "no object": ("profiles", "profiles", {"response_body": "[]"}, "$: array in the record"),
    "Cache-Control": (
        "configuration",
        "requestor",
        {"headers": {"cache-control": "Private, max-age=60, viewer"}},
        "header Cache-Control: max-age, private in the record, absent in the mock",
    ),
    "Retry-After": (
        "configuration",
        "requestor",
        {"headers": {"retry-after": "120"}},
        "header Retry-After: a number of seconds",
    ),
    "no Location": ("authenticate", "", {"headers": {"location": ""}}, "header Location: absent"),
    "relative Location": ("authenticate", "", {"headers": {"location": "/login"}}, "header Location: another form"),
}


@pytest.mark.parametrize("kind", ANSWERS)
def test_a_difference_of_status_or_headers_is_found(replay: Replay, exchanges: list[Exchange], kind: str) -> None:
    endpoint, containing, changes, expected = ANSWERS[kind]
    found = [one for one in exchanges if one.endpoint == endpoint and containing in one.response_body]
    original = next(one for one in found if endpoint != "authenticate" or one.status == 302)
    differences = differing(compared(replay, [answer(original, **changes)]))
    assert [one[2].startswith(expected) for one in differences] == [True], differences


def test_a_path_that_the_mock_does_not_have_is_found(replay: Replay, exchanges: list[Exchange]) -> None:
    original = next(one for one in exchanges if one.path == "/api/v2/nothing/of/this")
    assert differing(compared(replay, [answer(original, status=200)])) == [
        (
            "unknown paths",
            200,
            "HTTP status of a path that the mock does not have: 200 in the record, 404 in the mock",
        )
    ]


def error(code: str, exchange: Exchange, exchanges: list[Exchange]) -> Exchange:
    """Return the exchange with the answer of another one, which has this code."""
    other = next(one for one in exchanges if f'"{code}"' in one.response_body and one.status >= 400)
    return answer(
        exchange,
        status=other.status,
        response_body=other.response_body,
        headers={"content-type": other.response_headers["content-type"]},
    )


def test_a_wrong_order_of_checks_is_found(replay: Replay, exchanges: list[Exchange]) -> None:
    """The mock refuses a missing token first, then a missing device, then unreadable resources."""
    bodies = [one for one in exchanges if one.endpoint == "decisions.authorize" and one.status >= 400]
    no_token = next(one for one in bodies if "authorization" not in one.request_headers)
    no_device = next(one for one in bodies if one.request_headers.keys() & _HEADERS == {"authorization"})
    for original, code, refusal in (
        (no_token, "invalid_parameter_resources", "invalid_access_token_client_application"),
        (no_token, "invalid_header_device_identifier", "invalid_access_token_client_application"),
        (no_device, "invalid_parameter_resources", "invalid_header_device_identifier"),
        (no_device, "invalid_integration", "invalid_header_device_identifier"),
    ):
        source = exchanges if code != "invalid_integration" else recorded(OPEN, _not_integrated)
        found = differing(compared(replay, [error(code, original, source)]))
        assert [one[2] for one in found] == [f"order of checks: {code} in the record, {refusal} in the mock"]


_HEADERS = {"authorization", "ap-device-identifier"}


async def _not_integrated(mock: Mock) -> None:
    await mock.http.get("/api/v2/apasstest1/profiles/ATTOTT", headers=await mock.signed_on())


def test_what_state_decides_is_no_difference(replay: Replay, exchanges: list[Exchange]) -> None:
    """A token, a service provider or an MVPD may be unknown to Adobe: the record does not show it."""
    bodies = [one for one in exchanges if one.endpoint == "decisions.authorize" and one.status >= 400]
    no_device = next(one for one in bodies if one.request_headers.keys() & _HEADERS == {"authorization"})
    for code in (
        "invalid_access_token_client_application",
        "invalid_access_token_service_provider",
        "invalid_parameter_service_provider",
        "invalid_parameter_mvpd",
    ):
        assert differing(compared(replay, [error(code, no_device, exchanges)])) == []


def test_a_missing_or_additional_check_is_found(replay: Replay, exchanges: list[Exchange]) -> None:
    accepted = found_in(exchanges, "profiles", '"profiles"')
    headers = {name: value for name, value in accepted.request_headers.items() if name != "ap-device-identifier"}
    lenient = msgspec.structs.replace(accepted, request_headers=headers)
    assert [one[2] for one in differing(compared(replay, [lenient]))] == [
        "check of the request: success in the record, invalid_header_device_identifier in the mock"
    ]
    refused = error("invalid_header_device_identifier", accepted, exchanges)
    assert [one[2] for one in differing(compared(replay, [refused]))] == [
        "check of the request: invalid_header_device_identifier in the record, success in the mock"
    ]


def test_lifetimes_that_the_mvpd_sets_need_a_configuration(replay: Replay) -> None:
    exchanges = recorded(Settings(throttle=None, catalogue=NEWS), news)
    permit = found_in(exchanges, "decisions.authorize", "serializedToken")
    profile = next(one for one in exchanges if one.endpoint == "profiles.mvpd" and '"regular"' in one.response_body)
    untold = [what for one in compared(replay, [permit, profile]) for what in one.untold]
    assert [what.partition(":")[0] for what in untold] == ["lifetimes of authorizations", "lifetimes of profiles"]
    known = Settings(throttle=None, catalogue=NEWS)
    assert [one.untold for one in compared(replay, [permit, profile], known)] == [(), ()]
    longer = edited(permit, put(*DECISION, "notAfter", value=1752149281000 + 6 * 3_600_000))
    assert [one[2] for one in differing(compared(replay, [longer], known))] == [
        "lifetime of authorizations: 6h in the record, 5h in the mock"
    ]


def test_what_cannot_be_compared_is_said(replay: Replay, exchanges: list[Exchange]) -> None:
    profile = found_in(exchanges, "profiles", '"regular"')
    cases = {
        "requests without an answer": answer(profile, status=0),
        "outages: the answer is not Adobe Pass's own": answer(
            profile, status=502, headers={"content-type": "text/html"}
        ),
        "CORS preflights: the origin decides": answer(profile, method="OPTIONS"),
        "calls of REST API V1: the mock does not simulate them": answer(
            profile, endpoint="", path="/api/v1/authorize", status=200
        ),
        "pages for the viewer's browser: those of the mock are its own": answer(profile, endpoint="browser.login"),
        "a behaviour of the mock took effect": answer(profile, status=418, behaviours=("b1",)),
    }
    comparison = Comparison(Settings(), replay)
    for reason, exchange in cases.items():
        found = comparison.compare(exchange)
        assert (found.untold, found.differences, found.is_compared) == ((reason,), (), False)
    partial = comparison.compare(answer(profile, response_body="", lacks=("response_body",)))
    assert (partial.untold, partial.is_compared) == (("bodies that the record lacks",), True)


def test_the_report_contains_no_value_of_the_record(replay: Replay, exchanges: list[Exchange]) -> None:
    """Every text and number of every answer is replaced by a mark, and every name of a map."""
    mark, number = "Zq9-viewer@example.org", 987_654_321_012

    def marked(value: Any, depth: int = 0) -> Any:  # noqa: ANN401 - JSON
        if isinstance(value, dict):
            inner = {name: marked(member, depth + 1) for name, member in value.items()}
            return {**inner, mark: mark, "203.0.113.7": 1, "user4711": {}} if depth < 3 else inner
        if isinstance(value, list):
            return [marked(member, depth + 1) for member in value]
        return mark if isinstance(value, str) else number if isinstance(value, int | float) else value

    spoiled = [
        msgspec.structs.replace(
            one,
            response_body=json.dumps(marked(json.loads(one.response_body))),
            response_headers=dict.fromkeys(one.response_headers, mark)
            | {"content-type": f"application/json;charset={mark}", "cache-control": mark, "retry-after": mark},
        )
        for one in exchanges
        if one.response_body.startswith("{")
    ]
    tally = Tally()
    results = compared(replay, spoiled)
    for result in results:
        tally.add(result)
    report = tally.report()
    for form in (text(report), msgspec.json.encode(report).decode()):
        for value in (
            mark,
            "example.org",
            str(number),
            "203.0.113.7",
            "4711",
            "REF30",
            "Cablevision",
            FULL["redirectUrl"],
        ):
            assert value not in form, value
    assert report.verdict == "differs"
