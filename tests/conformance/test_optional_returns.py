"""Optional returns: one that the driver does not read accuses nobody, and one that an answer lacks is empty."""

from __future__ import annotations

from typing import Any

import pytest
from conformance_traces import Trace, error
from trace_verdicts import judge, silent, violated

from pass_harness.conformance.evaluation.engine import Verdict
from pass_harness.conformance.evaluation.untestable import lacking
from pass_harness.conformance.facilities import FACILITIES, mapped_returns
from pass_harness.conformance.registry import select
from pass_harness.conformance.verbs import VERBS


def denied(returned: dict[str, Any], *errors: dict[str, Any], verb: str = "play") -> Trace:
    """Add one denial with each error, which all lead to the same returns."""
    trace = Trace().start()
    for made in errors:
        deny(trace, returned, made, verb=verb)
    return trace


def deny(
    trace: Trace, returned: dict[str, Any], made: dict[str, Any], resource: str = "a", verb: str = "play"
) -> None:
    decision = {"resource": resource, "authorized": False, "error": made}
    with trace.verb(verb, resource=resource) as returns:
        ask = trace.authorize if verb == "play" else trace.preauthorize
        ask(resource, answer={"decisions": [decision]})
        returns.update(returned)
    trace.wait(1)


MVPD = error("authorization_denied_by_mvpd", message="The TV provider has denied it.")
PARENTS = error("authorization_denied_by_parental_controls", message="Parental controls have denied it.")
LATE = error("network_connection_timeout", "retry", message="The TV provider did not answer.")
LOGIN = error("authenticated_profile_expired", "authentication", message="The profile has expired.")
LOST = error("authenticated_profile_missing", "authentication", message="There is no profile.")
REASON = "authorization.denial-explained"
MESSAGES = "preauthorization.denials-explained"
OWN = "Sorry, not now."


def test_an_unmapped_reason_is_not_judged_and_an_empty_one_is_a_violation() -> None:
    assert judge(denied({"allowed": False}, MVPD).observations)[REASON].verdict is Verdict.NOT_EXERCISED
    assert REASON in violated(denied({"allowed": False, "reason": None}, MVPD).observations)


def test_a_missing_reason_is_that_of_the_first_error_of_the_last_denial() -> None:
    trace = Trace().start()
    with trace.verb("play", resource="a") as returns:
        for errors in ([LATE], [MVPD, PARENTS]):
            denials = [{"resource": "a", "authorized": False, "error": made} for made in errors]
            last = trace.authorize(answer={"decisions": denials})
        returns.update({"allowed": False, "reason": None})

    (finding,) = judge(trace.observations)[REASON].findings
    assert finding.evidence.exchanges == (last.id,)
    assert finding.evidence.expected == f"a reason made from {MVPD['code']}"


def test_the_instruction_to_log_in_explains_a_denial() -> None:
    silent(denied({"allowed": False, "reason": None, "login_required": True}, LOGIN), REASON)


@pytest.mark.parametrize(
    "text",
    [
        "The TV provider has denied it.",
        "resource a: the tv provider has denied it",
        "The TV provider has",
        "authorization_denied_by_mvpd",
        "E17 (authorization_denied_by_mvpd)",
    ],
)
def test_a_text_with_the_message_or_the_code_passes(text: str) -> None:
    silent(denied({"allowed": False, "reason": text}, MVPD), REASON)


def test_a_text_with_the_details_passes() -> None:
    silent(
        denied({"allowed": False, "reason": "Not in your package"}, {**MVPD, "details": "Not in your package."}),
        REASON,
    )


def test_one_code_shows_nothing_about_a_text_of_the_services_own() -> None:
    trace = denied({"allowed": False, "reason": OWN}, MVPD, MVPD)
    assert judge(trace.observations)[REASON].verdict is Verdict.NOT_EXERCISED


@pytest.mark.parametrize("errors", [(MVPD, PARENTS), (MVPD, LOGIN), (MVPD, LATE)])
def test_one_sentence_for_different_denials_is_a_violation(errors: tuple[dict[str, Any], ...]) -> None:
    trace = denied({"allowed": False, "reason": OWN}, *errors)
    assert [finding.evidence.kind for finding in judge(trace.observations)[REASON].findings] == ["same-text-for-all"]


def test_the_name_of_the_resource_makes_no_other_sentence_of_it() -> None:
    trace = Trace().start()
    for resource, made in (("a1", MVPD), ("b2", PARENTS)):
        deny(trace, {"allowed": False, "reason": f"You cannot watch {resource} now."}, made, resource)
    assert REASON in violated(trace.observations)


def test_one_sentence_for_codes_that_mean_the_same_passes() -> None:
    trace = denied({"allowed": False, "reason": "Please log in."}, LOGIN, LOST)
    assert REASON not in violated(trace.observations)


def test_sentences_of_the_services_own_by_code_pass() -> None:
    trace = denied({"allowed": False, "reason": "Not in your package."}, MVPD)
    deny(trace, {"allowed": False, "reason": "Ask your parents."}, PARENTS)

    silent(trace, REASON)


@pytest.mark.parametrize(("messages", "verdict"), [(None, Verdict.VIOLATED), ({"a": "x"}, Verdict.PASSED)])
def test_messages_that_an_answer_lacks_are_empty(messages: object, verdict: Verdict) -> None:
    returned = {"permitted": [], "denied": ["a"], "messages": messages}
    assert judge(denied(returned, MVPD, verb="preauthorize").observations)[MESSAGES].verdict is verdict


def test_unmapped_messages_are_not_judged() -> None:
    trace = denied({"permitted": [], "denied": ["a"]}, MVPD, verb="preauthorize")
    assert judge(trace.observations)[MESSAGES].verdict is Verdict.NOT_EXERCISED


def test_an_answer_without_permits_withholds_them() -> None:
    trace = Trace().start()
    with trace.verb("preauthorize", failure="no permitted", status=200, lacks=("permitted",)) as returns:
        trace.preauthorize("a")
        returns["permitted"] = None

    assert "preauthorization.decisions-passed-on" in violated(trace.observations)


@pytest.mark.parametrize(
    ("rule", "name", "url"),
    [
        ("logout.interactive-url-returned", "logout", "https://x"),
        ("logout.other-actions-handled", "partner_logout", None),
    ],
)
def test_an_unmapped_return_of_logout_is_not_judged(rule: str, name: str, url: str | None) -> None:
    trace = Trace().start()
    with trace.verb("logout"):
        trace.logout(name=name, url=url)

    assert judge(trace.observations)[rule].verdict is Verdict.NOT_EXERCISED


def test_a_login_without_code_is_judged_only_where_adobe_gave_one() -> None:
    trace = Trace().start()
    with trace.verb("login", failure="no code", status=200, lacks=("code",)) as returns:
        trace.session(status=400, answer=error("invalid_parameter_mvpd", status=400))
        returns["code"] = None

    assert judge(trace.observations)["authentication.code-and-url-returned"].verdict is Verdict.NOT_EXERCISED


def test_a_report_says_which_return_to_map() -> None:
    everything = frozenset(VERBS) | frozenset(FACILITIES)
    assert lacking(select([REASON]), everything - {"play.reason"}) == {
        REASON: "reason among the returns of [verbs.play] in service.toml, or of the driver's play"
    }
    assert mapped_returns({"play": ["allowed", "reason"], "logout": ["url"]}) == {"play.reason", "logout.url"}


@pytest.mark.parametrize(
    ("status", "verdict"),
    [(200, Verdict.INCONCLUSIVE), (302, Verdict.INCONCLUSIVE), (404, Verdict.VIOLATED), (500, Verdict.VIOLATED)],
)
def test_an_answer_that_the_driver_cannot_read_convicts_nobody(status: int, verdict: Verdict) -> None:
    """The service answered with a redirect to a page, or with HTML; a 404 or 500 is its failure."""
    trace = Trace().start()
    with trace.verb("logout", failure="unreadable", status=status):
        trace.logout(name="complete", url=None)
    assert judge(trace.observations)["logout.other-actions-handled"].verdict is verdict

    degraded = {"decisions": [{"resource": "a", "source": "degradation", "authorized": True}]}
    trace = Trace().start()
    with trace.verb("play", resource="a", failure="unreadable", status=status):
        trace.authorize(answer=degraded)
    assert judge(trace.observations)["authentication.degraded-access-used"].verdict is verdict
