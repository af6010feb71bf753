"""The shortest violating traces for the rules of logout."""

from __future__ import annotations

from conformance_traces import Trace, error

from breakers.registered import breaks
from tests.conformance.trace_viewers import Viewer


@breaks("logout.on-request", "no-logout-call")
def logs_out_locally(trace: Trace) -> None:
    trace.log_in()
    trace.ask("logout")
    trace.wait(6)
    trace.ask("status", returns={"state": "unauthenticated"})


@breaks("logout.on-request", "no-redirect-url")
def leaves_the_redirect_url_out(trace: Trace) -> None:
    trace.log_in()
    with trace.verb("logout"):
        trace.logout(query="")


@breaks("logout.on-request", "rejection-ignored")
def takes_a_rejected_logout_for_one(trace: Trace) -> None:
    trace.log_in()
    with trace.verb("logout"):
        trace.logout(status=401, answer=error("invalid_access_token_client_application", status=401))
    trace.wait(6)
    trace.ask("status", returns={"state": "unauthenticated"})


@breaks("logout.interactive-url-returned", "no-address")
def keeps_the_address(trace: Trace) -> None:
    with trace.verb("logout") as returns:
        trace.logout()
        returns["url"] = None


@breaks("logout.interactive-url-returned", "other-address")
def hands_out_another_logout_address(trace: Trace) -> None:
    with trace.verb("logout") as returns:
        trace.logout()
        returns["url"] = "https://sp.example/goodbye"


@breaks("logout.other-actions-handled", "service-failed")
def fails_on_complete(trace: Trace) -> None:
    with trace.verb("logout", failure="500"):
        trace.logout(name="complete", url=None)


@breaks("logout.other-actions-handled", "no-message")
def says_nothing_of_the_system_settings(trace: Trace) -> None:
    with trace.verb("logout") as returns:
        trace.logout(name="partner_logout", url=None)
        returns["message"] = None


@breaks("logout.state-cleared", "still-authenticated")
def keeps_the_state(trace: Trace) -> None:
    trace.ask("logout")
    trace.ask("status", returns={"state": "authenticated"})


@breaks("logout.state-cleared", "allowed-to-play")
def plays_after_a_logout(trace: Trace) -> None:
    trace.ask("logout")
    trace.ask("play", resource="a", returns={"allowed": True})


@breaks("logout.never-automatic", "after-denial")
def logs_out_on_a_denial(trace: Trace) -> None:
    for number in range(5):
        viewer = Viewer(f"device-{number}", f"198.18.0.{number + 1}")
        trace.authorize(viewer=viewer, action="none")
        trace.logout(viewer)
        trace.wait(2)


@breaks("logout.never-automatic", "not-asked-for")
def logs_out_unasked(trace: Trace) -> None:
    trace.logout()
    trace.ask("status")
