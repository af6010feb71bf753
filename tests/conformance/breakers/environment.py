"""The shortest violating traces for the rules of environment."""

from __future__ import annotations

from conformance_traces import Trace

from breakers.registered import breaks


@breaks("environment.connections-reused", "too-many-connections")
def opens_a_connection_per_call(trace: Trace) -> None:
    for number in range(60):
        trace.configuration(connection=f"c{number}")


@breaks("environment.dns-at-most-30s", "old-data-centre")
def stays_in_the_old_data_centre(trace: Trace) -> None:
    trace.ask("fail_over", **{"from": "127.0.0.2", "to": "127.0.0.3"})
    trace.wait(32)
    trace.profiles(connection="c2", server="127.0.0.2:8300")


@breaks("environment.tls-verified", "unknown-authority-trusted")
def believes_an_impostor(trace: Trace) -> None:
    trace.ask("repoint", returns={"refused": 0, "trusted": 1})
