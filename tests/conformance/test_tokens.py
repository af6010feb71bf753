"""Clients and tokens: what is known of those from before the trace, and when a service may register again."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from conformance_traces import Trace, error
from hypothesis import given
from hypothesis import strategies as st
from trace_verdicts import silent, violated

from pass_harness.conformance.evaluation.engine import Judge, Verdict
from pass_harness.conformance.facts.shared_facts import SharedFacts
from pass_harness.conformance.outcomes import Expectations
from pass_harness.conformance.registry import all_rules
from pass_harness.mock_server.exchange import Exchange
from pass_harness.mock_server.journal.masking import mask
from tests.conformance.trace_viewers import OTHER, VIEWER, Viewer

REFUSED = error("invalid_access_token_client_application", "application-registration", 401)
REFUSED_FOR_PROVIDER = error("invalid_access_token_service_provider", "application-registration", 401)
REGISTRATION = {
    "registration.credentials-reused",
    "registration.credentials-survive-restart",
    "registration.token-renewed-with-same-credentials",
    "registration.token-reused",
    "registration.unauthorized-renews-first",
}


def booted() -> Trace:
    """Return the trace of a service that registered and fetched its token before the trace began."""
    return Trace(token_value=mask("t1"), client="client-1")


def accused(trace: Trace, **expectations: int) -> set[str]:
    return REGISTRATION & set(violated(trace.observations, **expectations))


# Before the trace


def test_a_client_from_before_the_trace_is_known_by_the_calls_with_its_tokens() -> None:
    trace = booted()
    trace.profiles(client_id="client-1")
    trace.ask("restart")
    trace.register("client-2")
    trace.token("t2")
    trace.profiles(client_id="client-2")

    assert accused(trace) == {"registration.credentials-survive-restart", "registration.credentials-reused"}


def test_a_client_from_before_the_trace_that_is_used_after_a_restart_passes() -> None:
    trace = booted()
    trace.profiles(client_id="client-1")
    trace.ask("restart")
    trace.token("t2", client="client-1")
    trace.profiles(client_id="client-1")

    silent(trace, "registration.credentials-survive-restart")


def judged(earlier: Trace, trace: Trace) -> set[str]:
    judge = Judge(all_rules(), Expectations())
    judge.recall(seen for seen in earlier.observations if isinstance(seen, Exchange))
    for seen in trace.observations:
        judge.observe(seen)
    return REGISTRATION & {result.card.id for result in judge.conclude() if result.verdict is Verdict.VIOLATED}


def test_a_token_from_before_the_run_is_a_token_to_reuse() -> None:
    earlier = Trace().start()
    trace = Trace(now=earlier.now + 60, first_id=100, client="client-1", token_value=mask("t1"))
    trace.profiles()
    trace.ask("restart")
    trace.token("t2")

    assert judged(earlier, trace) == {"registration.token-reused"}


def test_earlier_exchanges_are_not_judged() -> None:
    earlier = Trace().start()
    earlier.token("t2")
    earlier.token("t3")

    assert judged(earlier, Trace(now=earlier.now + 1, first_id=100)) == set()


def test_of_the_tokens_from_before_the_run_only_the_latest_counts() -> None:
    """An earlier run may have revoked the others, and the service was right to replace them."""
    earlier = Trace().start()
    earlier.token("t2")
    trace = Trace(now=earlier.now + 60, first_id=100, client="client-1", token_value=mask("t2"))
    trace.profiles(status=401, answer=REFUSED)
    trace.token("t3")
    trace.profiles()

    assert judged(earlier, trace) == set()


# Registering again


def test_registering_again_after_a_new_token_was_rejected_passes() -> None:
    trace = Trace().start()
    trace.profiles()
    trace.profiles(status=401, answer=REFUSED)
    trace.token("t2")
    trace.profiles(status=401, answer=REFUSED)
    trace.register("client-2")
    trace.token("t3")
    trace.profiles()

    assert accused(trace) == set()


def test_registering_again_after_a_used_token_was_rejected_is_a_violation() -> None:
    trace = Trace().start()
    trace.profiles()
    trace.profiles(status=401, answer=REFUSED)
    trace.register("client-2")
    trace.token("t3")
    trace.profiles()

    assert accused(trace) == {
        "registration.credentials-reused",
        "registration.token-renewed-with-same-credentials",
    }


def test_registering_again_after_a_new_token_expired_unused_is_a_violation() -> None:
    trace = Trace().start()
    trace.profiles()
    trace.token("t2", life=10)
    trace.wait(11)
    trace.profiles(status=401, answer=REFUSED)
    trace.register("client-2")
    trace.token("t3")
    trace.profiles()

    assert "registration.token-renewed-with-same-credentials" in accused(trace)


@pytest.mark.parametrize("shared", [False, True])
def test_registering_again_after_a_refusal_for_the_service_provider_passes(shared: bool) -> None:
    trace = Trace().start()
    trace.profiles()
    if shared:
        trace.profiles(OTHER)
    trace.profiles(status=401, answer=REFUSED_FOR_PROVIDER)
    trace.register("client-2")
    trace.token("t2")
    trace.profiles()

    assert accused(trace) == set()


def test_registering_after_a_restart_because_the_client_was_refused_passes() -> None:
    trace = Trace().start()
    trace.profiles()
    trace.ask("restart")
    trace.token(error="unauthorized_client")
    trace.register("client-2")
    trace.token("t2")
    trace.profiles()

    assert accused(trace) == set()


# Several devices


def test_a_client_for_the_second_screen_passes() -> None:
    """The web page on which viewers type the code is an application of its own, and so may be its client."""
    trace = Trace().start()
    trace.session("AAAAAAA", VIEWER)
    trace.register("web")
    trace.token("web-token")
    trace.look_up("AAAAAAA", device=VIEWER.device)
    trace.resume("AAAAAAA", device=VIEWER.device)
    trace.session("BBBBBBB", OTHER)
    trace.resume("BBBBBBB", OTHER)

    assert accused(trace) == set()


def test_a_client_and_tokens_for_each_device_on_each_of_two_instances_pass() -> None:
    trace = Trace()
    viewers = [Viewer(f"device-{number}", f"198.18.0.{number + 1}") for number in range(3)]
    for instance in range(2):
        for viewer in viewers:
            trace.register(f"client-{viewer.device}-{instance}")
            trace.token(f"t-{viewer.device}-{instance}")
            trace.profiles(viewer)

    assert accused(trace, instances=2) == set()


# Token requests at the same moment


def stampede(trace: Trace, callers: int, apart_s: float = 0.0) -> Trace:
    """Add token requests that overlap, as each caller does not see the other's answer."""
    trace.profiles(status=401, answer=REFUSED)
    trace.takes, answered = 3.0, trace.now + 3.0
    for number in range(callers):
        trace.token(f"new-{number}")
        trace.now += apart_s - trace.takes
    trace.takes, trace.now = 0.005, answered + 10
    trace.profiles()
    return trace


@given(callers=st.integers(1, 12), instances=st.integers(1, 4))
def test_callers_at_one_moment_share_a_token_request(callers: int, instances: int) -> None:
    found = accused(stampede(Trace().start(), callers), instances=instances)

    assert found == ({"registration.token-reused"} if callers > instances else set())


def test_a_retry_after_a_lost_answer_is_not_a_stampede() -> None:
    assert accused(stampede(Trace().start(), 2, apart_s=1.5)) == set()


def test_each_client_may_fetch_a_token_at_the_same_moment() -> None:
    trace = Trace()
    for number in range(5):
        trace.register(f"client-{number}")
    for number in range(5):
        trace.token(f"t{number}", client=f"client-{number}")
        trace.wait(-trace.takes)

    assert accused(trace) == set()


# The state of tokens

STEPS = st.lists(
    st.sampled_from(["token", "use", "rejected", "refused", "registered", "expires", "second screen"]), max_size=12
)


@given(STEPS)
def test_a_client_is_refused_only_if_adobe_pass_refused_it(steps: Sequence[str]) -> None:
    """Compare the facts with a model: a token that was rejected before any success, or an explicit refusal."""
    trace = Trace().start(life=30)
    refused: dict[str | None, bool] = {trace.client: False}
    accepted = live = True
    accepted = False
    for step in steps:
        if step == "token":
            trace.token(f"t{len(trace.observations)}", life=30)
            accepted, live = False, True
        elif step == "use" and live:
            trace.profiles()
            accepted = True
        elif step == "second screen" and live:
            trace.look_up(device=VIEWER.device)
            accepted = True
        elif step == "rejected":
            fresh = not accepted and live
            trace.profiles(status=401, answer=REFUSED)
            refused[trace.client] |= fresh
            live = False
        elif step == "refused":
            trace.profiles(status=401, answer=REFUSED_FOR_PROVIDER)
            refused[trace.client] = True
        elif step == "registered":
            trace.register(f"client-{len(trace.observations)}")
            trace.token(f"t{len(trace.observations)}", life=30)
            refused[trace.client] = accepted = False
            live = True
        elif step == "expires":
            trace.wait(31)
            live = False
    facts = SharedFacts()
    known: dict[str | None, bool] = {}
    for seen in trace.observations:
        facts.observe(seen)
        if (client := facts.tokens.client) is not None:
            known[client.id] = client.refused

    assert known == {client: refused[client] for client in known}
