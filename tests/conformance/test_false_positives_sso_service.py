"""The rules on the SSO Service spare what its page allows."""

from __future__ import annotations

import pytest
from conformance_traces import Trace, error
from sso_traces import REFUSED, carrying, issued, linked, listed, refreshed, unlinked
from trace_verdicts import judge, silent, violated

from pass_harness.conformance.evaluation.engine import Verdict
from pass_harness.mock_server.journal.masking import mask
from tests.conformance.trace_viewers import OTHER

EXPIRY = "authentication.service-token-not-used-after-expiry"
REPLACED = "authentication.refused-service-token-replaced"
IDENTIFIER = "authentication.common-identifier-persistent"
LINK = "authentication.link-code-used-once"
REQUESTS = "headers.sso-service"
SECRET = "headers.service-token-kept-secret"
INVALID = {"error": error("header_invalid", "get_new_token", 401)}


def test_an_expired_token_is_refreshed_or_replaced() -> None:
    trace = Trace().start()
    issued(trace, "s1", life=60)
    trace.profiles(headers=carrying("s1"))
    trace.wait(120)
    refreshed(trace, "s1", "s2", life=60)
    trace.profiles(headers=carrying("s2"))
    trace.wait(120)
    issued(trace, "s3")
    listed(trace, "s3")

    silent(trace, EXPIRY)


def test_a_token_is_used_until_its_expiry_and_by_each_device() -> None:
    trace = Trace().start()
    issued(trace, "s1", life=60)
    listed(trace, "s1")
    trace.wait(61)
    listed(trace, "s1")

    assert judge(trace.observations)[EXPIRY].verdict is Verdict.NOT_EXERCISED


def test_a_token_of_another_identity_service_has_no_known_expiry() -> None:
    trace = Trace().start()
    trace.profiles(headers=carrying("external"))
    trace.wait(100_000)
    trace.profiles(headers=carrying("external"))

    assert judge(trace.observations)[EXPIRY].verdict is Verdict.NOT_EXERCISED


@pytest.mark.parametrize("refusal", [REFUSED, INVALID])
def test_a_refused_token_is_replaced_by_a_refresh_or_anew(refusal: object) -> None:
    trace = Trace().start()
    issued(trace, "s1")
    listed(trace, "s1", status=401, answer=refusal)
    refreshed(trace, "s1", "s2")
    listed(trace, "s2")
    listed(trace, "s2", status=401, answer=refusal)
    issued(trace, "s3")
    listed(trace, "s3")

    silent(trace, REPLACED)


def test_a_refused_refresh_needs_a_new_token() -> None:
    trace = Trace().start()
    issued(trace, "s1")
    refreshed(trace, "s1")
    refreshed(trace, "s1")

    findings = violated(trace.observations)[REPLACED].findings
    assert [finding.evidence.subject for finding in findings] == ["sso.refresh"]


def test_requests_in_progress_while_a_token_is_refused_do_not_repeat_it() -> None:
    trace = Trace(takes=2.0).start()
    issued(trace, "s1")
    trace.takes = 0.0
    listed(trace, "s1", status=401, answer=REFUSED, duration_ms=500.0)
    trace.wait(0.2)
    trace.profiles(headers=carrying("s1"))
    trace.wait(1)
    issued(trace, "s2")
    listed(trace, "s2")

    silent(trace, REPLACED)


def test_the_access_token_is_another_matter() -> None:
    """The SSO Service refuses an access token, for itself or for the service provider; the service token stays."""
    trace = Trace().start()
    issued(trace, "s1")
    trace.profiles(headers=carrying("s1"))
    listed(trace, "s1", status=401, answer={"error": error("unauthorized", "none", 401)})
    trace.profiles(headers=carrying("s1"))
    trace.token("t2")
    listed(trace, "s1")

    results = violated(trace.observations)
    assert REPLACED not in results
    assert not [rule for rule in results if rule.startswith("registration.")]


def test_a_refused_service_token_does_not_reject_the_access_token() -> None:
    trace = Trace().start()
    issued(trace, "s1")
    listed(trace, "s1", status=401, answer=REFUSED)
    trace.token("t2")

    assert "registration.token-reused" in violated(trace.observations)


def test_viewers_of_a_device_have_identifiers_of_their_own() -> None:
    trace = Trace().start()
    for viewer in ("alice", "bob"):
        for _ in range(2):
            issued(trace, headers={"x-sso-id": mask(viewer)})
    trace.wait(301)
    issued(trace, headers={"x-sso-id": mask("carol")})
    trace.logout()
    issued(trace, headers={"x-sso-id": mask("dave")})
    issued(trace, headers={"x-sso-id": mask("dave")})

    silent(trace, IDENTIFIER)


def test_a_viewer_may_type_a_code_again() -> None:
    """Until it has led to a token; and codes of six digits come again."""
    trace = Trace().start()
    code = {"x-sso-link": mask("123456")}
    refused = {"error": error("token_expired", "get_new_token", 401)}
    for _ in range(2):
        trace.exchange(
            "sso.token", "/api/REF30/serviceToken", method="POST", status=401, headers=code, answer=refused
        )
    issued(trace, headers=code)
    issued(trace, viewer=OTHER, headers=code)
    linked(trace, code="123456")
    issued(trace, headers=code)

    silent(trace, LINK)


def test_required_headers_of_each_call() -> None:
    trace = Trace().start()
    issued(trace, "s1")
    issued(trace, "s2", headers={"x-sso-link": mask("123456")})
    refreshed(trace, "s1", "s3")
    linked(trace)
    listed(trace)
    unlinked(trace)
    unlinked(trace, headers={"content-type": "application/json; charset=utf-8"})

    silent(trace, REQUESTS)


@pytest.mark.parametrize(
    ("header", "subject"),
    [
        ("authorization", "Authorization"),
        ("ap-device-identifier", "AP-Device-Identifier"),
        ("ad-service-token", "AD-Service-Token"),
    ],
)
def test_a_missing_header_is_named(header: str, subject: str) -> None:
    trace = Trace().start()
    listed(trace, headers={header: None})

    findings = violated(trace.observations)[REQUESTS].findings
    assert [finding.evidence.subject for finding in findings] == [subject]


def test_a_token_needs_an_identity() -> None:
    trace = Trace().start()
    issued(trace, headers={"x-sso-id": "", "x-sso-link": " "})

    findings = violated(trace.observations)[REQUESTS].findings
    assert [finding.evidence.subject for finding in findings] == ["X-SSO-ID or X-SSO-LINK"]


def test_service_tokens_in_their_header_alone() -> None:
    trace = Trace().start()
    issued(trace, "s1")
    trace.session(headers=carrying("s1"))
    trace.logout(headers=carrying("s1"))
    refreshed(trace, "s1", "s2")

    silent(trace, SECRET)


def test_the_place_of_an_exposed_token_is_named() -> None:
    trace = Trace().start()
    issued(trace, "s1")
    trace.profiles(query=f"token={mask('s1').replace(':', '%3A')}")
    trace.profiles(headers={"x-token": mask("s1")})

    findings = violated(trace.observations)[SECRET].findings
    assert [finding.evidence.subject for finding in findings] == ["query", "x-token"]


def test_calls_of_the_sso_service_accept_json() -> None:
    trace = Trace().start()
    listed(trace, headers={"accept": "application/xml"})

    assert "headers.accept" in violated(trace.observations)


def test_an_expired_access_token_is_found_at_the_sso_service_too() -> None:
    trace = Trace().start(life=60)
    issued(trace, "s1")
    trace.wait(70)
    listed(trace, "s1")

    assert "registration.token-not-used-after-expiry" in violated(trace.observations)


def test_a_device_may_be_unlinked_while_another_goes_on_with_the_token() -> None:
    trace = Trace().start()
    issued(trace, "s1")
    listed(trace, "s1", status=400, answer={"error": error("token_invalid", "get_new_token", 400)})
    trace.profiles(viewer=OTHER, headers=carrying("s1"))
    issued(trace, "s2")
    listed(trace, "s2")

    silent(trace, REPLACED)

    trace.profiles(headers=carrying("s1"))
    assert REPLACED in violated(trace.observations)
