"""The shortest violating traces for the rules of configuration."""

from __future__ import annotations

from conformance_traces import Trace

from breakers.registered import breaks
from tests.conformance.trace_viewers import OTHER, VIEWER


@breaks("configuration.cached", "fetched-again")
def fetches_the_configuration_again(trace: Trace) -> None:
    trace.configuration(VIEWER)
    trace.wait(30)
    trace.configuration(OTHER)


@breaks("configuration.filtered", "hidden-offered")
def offers_a_temporary_pass(trace: Trace) -> None:
    with trace.verb("providers") as returns:
        trace.configuration(mvpds=["Cablevision", "TempPass"])
        returns["providers"] = ["Cablevision", "TempPass"]


@breaks("configuration.only-for-selection", "fetched-without-need")
def fetches_the_configuration_at_each_start(trace: Trace) -> None:
    trace.log_in()
    with trace.verb("start"):
        trace.configuration()


@breaks("configuration.only-for-selection", "provider-known")
def fetches_the_configuration_for_a_viewer_whose_login_expired(trace: Trace) -> None:
    trace.log_in(life=60)
    trace.ask("status", returns={"state": "authenticated"})
    trace.wait(120)
    with trace.verb("start"):
        trace.configuration()
