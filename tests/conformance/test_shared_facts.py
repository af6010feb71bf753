"""Facts that rules share describe the exchange under evaluation: they contain earlier exchanges, but no later one."""

from __future__ import annotations

from conformance_traces import Trace, error

from pass_harness.conformance.facts.exchanges import read_once
from pass_harness.conformance.facts.shared_facts import SharedFacts
from pass_harness.conformance.observation import Observation
from pass_harness.mock_server.exchange import Exchange
from pass_harness.mock_server.journal.masking import mask
from tests.conformance.trace_viewers import OTHER, VIEWER, Viewer

REJECTED = error("invalid_access_token_client_application", "application-registration", 401)


def known(trace: Trace) -> SharedFacts:
    """Return the facts when the last observation of a trace is evaluated."""
    facts = SharedFacts()
    for seen in trace.observations:
        facts.observe(seen)
    return facts


def test_a_token_request_sees_the_clients_earlier_tokens() -> None:
    trace = Trace().start()
    trace.token("t2")

    assert [token.value for token in known(trace).tokens.previous_tokens] == [mask("t1")]
    assert known(Trace().start()).tokens.previous_tokens == []


def test_a_rejecting_call_is_not_an_earlier_rejection() -> None:
    trace = Trace().start()
    first = trace.profiles(status=401, answer=REJECTED)
    tokens = known(trace).tokens
    assert tokens.sent is not None
    assert tokens.sent.rejected is first
    assert tokens.rejection is None

    trace.profiles()
    assert known(trace).tokens.rejection is first


def test_a_device_served_by_another_client_sees_the_previous_one() -> None:
    trace = Trace().start()
    trace.profiles()
    trace.register("client-2")
    trace.token("t2", client="client-2")
    trace.profiles()
    tokens = known(trace).tokens
    assert tokens.previous_client is not None
    assert tokens.previous_client.id == "client-1"
    assert tokens.client is not None
    assert tokens.client.id == "client-2"

    trace.profiles(OTHER)
    assert known(trace).tokens.previous_client is None


def test_a_request_for_a_code_is_a_poll_whatever_its_address() -> None:
    trace = Trace().start()
    trace.session("AAAAAAA", VIEWER)
    trace.codes["AAAAAAA"] = Viewer("server", "203.0.113.9")
    for polled in (None, None, "AAAAAAA", "AAAAAAA"):
        trace.wait(3.5).poll("AAAAAAA")
        assert known(trace).polls.code == polled
    assert [poll.id for poll in known(trace).polls.polls("AAAAAAA")] == [4, 5, 6, 7]


def test_a_rare_request_with_other_traits_is_a_lookup() -> None:
    trace = Trace().start()
    trace.session()
    trace.poll()
    trace.poll(headers={"user-agent": "a phone"})
    assert known(trace).polls.code is None

    trace.poll()
    assert known(trace).polls.code == "AAAAAAA"
    assert [poll.id for poll in known(trace).polls.polls("AAAAAAA")] == [4, 6]


def test_a_phone_that_asks_before_the_first_poll_does_not_become_the_poller() -> None:
    trace = Trace().start()
    trace.session()
    trace.poll(headers={"user-agent": "a phone"})
    trace.wait(2).poll()
    first = known(trace).polls.first("AAAAAAA")
    assert first is not None
    assert first.id == 5


def test_a_session_is_replaced_once() -> None:
    trace = Trace().start()
    trace.session("AAAAAAA")
    trace.session("BBBBBBB")
    replaced = known(trace).sessions.replaced
    assert replaced is not None
    assert replaced.code == "AAAAAAA"

    trace.profiles()
    assert known(trace).sessions.replaced is None


def test_time_never_decreases() -> None:
    trace = Trace()
    late, early = trace.wait(5).profiles(), trace.wait(-9).profiles()
    assert early.wall < late.wall
    assert known(trace).now_s == late.wall


def test_a_cached_value_is_recomputed_for_another_exchange() -> None:
    read: list[int] = []

    @read_once
    def number(seen: Observation) -> int:
        assert isinstance(seen, Exchange)
        read.append(seen.id)
        return seen.id

    one, other = Trace().profiles(VIEWER), Trace(first_id=2).profiles(OTHER)
    assert [number(seen) for seen in (one, one, other, other, one)] == [1, 1, 2, 2, 1]
    assert read == [1, 2, 1]
