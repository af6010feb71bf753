"""The shortest traces that break the rules of logout."""

from __future__ import annotations

from conformance_traces import Trace

from breakers.registered import breaks


@breaks("logout.on-request")
def logs_out_locally(trace: Trace) -> None:
    trace.log_in()
    trace.ask("logout")


@breaks("logout.interactive-url-returned")
def keeps_the_address(trace: Trace) -> None:
    with trace.verb("logout"):
        trace.logout()


@breaks("logout.other-actions-handled")
def fails_on_complete(trace: Trace) -> None:
    with trace.verb("logout", failure="500"):
        trace.logout(name="complete", url=None)


@breaks("logout.state-cleared")
def keeps_the_state(trace: Trace) -> None:
    trace.ask("logout")
    trace.ask("status", returns={"state": "authenticated"})


@breaks("logout.never-automatic")
def logs_out_on_a_denial(trace: Trace) -> None:
    trace.authorize(action="none")
    trace.logout()
