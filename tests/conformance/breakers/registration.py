"""The shortest violating traces for the rules of registration."""

from __future__ import annotations

from conformance_traces import Trace, error

from breakers.registered import breaks
from tests.conformance.trace_viewers import OTHER, VIEWER, Viewer


@breaks("registration.credentials-reused", "clients-by-turns")
def calls_with_two_clients_by_turns(trace: Trace) -> None:
    first = trace.token_value
    trace.token("t2", client="client-2")
    second = trace.token_value
    for token in (first, second, first, second):
        trace.token_value = token
        trace.profiles(VIEWER)
        trace.wait(1)


@breaks("registration.credentials-reused", "registered-again")
def registers_for_every_device(trace: Trace) -> None:
    trace.profiles(VIEWER)
    trace.profiles(OTHER)
    trace.register("client-2")
    trace.token("t2")
    trace.profiles(Viewer("device-3", "198.18.0.3"))


@breaks("registration.credentials-survive-restart", "registered-after-restart")
def registers_after_a_restart(trace: Trace) -> None:
    trace.profiles()
    trace.ask("restart")
    trace.register("client-2")
    trace.token("t2")
    trace.profiles()


@breaks("registration.token-reused", "asked-too-early")
def asks_for_a_token_per_call(trace: Trace) -> None:
    trace.profiles()
    trace.token("t2")


@breaks("registration.token-reused", "asked-by-each-caller")
def asks_for_a_token_for_each_waiting_viewer(trace: Trace) -> None:
    trace.profiles(status=401, answer=error("invalid_access_token_client_application", status=401))
    trace.token("t2")
    trace.wait(-trace.takes)
    trace.token("t3")


@breaks("registration.token-renewed-with-same-credentials", "registered-for-a-token")
def registers_when_the_token_expires(trace: Trace) -> None:
    trace.token("t0", life=10)
    trace.profiles()
    trace.wait(11)
    trace.register("client-2")
    trace.token("t2")
    trace.profiles()


@breaks("registration.token-not-used-after-expiry", "sent-after-expiry")
def sends_an_expired_token(trace: Trace) -> None:
    trace.token("t0", life=10)
    trace.wait(13)
    trace.profiles(status=401, answer=error("invalid_access_token_client_application", status=401))


@breaks("registration.token-renewed-proactively", "expiry-noticed-by-401")
def learns_of_the_expiry_by_a_401(trace: Trace) -> None:
    trace.token("t0", life=10)
    trace.wait(11)
    trace.profiles(status=401, answer=error("invalid_access_token_client_application", status=401))


@breaks("registration.unauthorized-renews-first", "rejected-token-sent-again")
def sends_the_rejected_token_again(trace: Trace) -> None:
    for _ in range(2):
        trace.profiles(status=401, answer=error("invalid_access_token_client_application", status=401))


@breaks("registration.unauthorized-renews-first", "rejections-in-a-row")
def renews_and_repeats_endlessly(trace: Trace) -> None:
    for number in range(5):
        trace.profiles(status=401, answer=error("invalid_access_token_client_application", status=401))
        trace.token(f"t{number + 2}")
