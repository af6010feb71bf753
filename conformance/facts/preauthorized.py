"""The decisions that a preauthorization got, by the names that the app gave to its resources."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pass_harness.conformance.facts.devices import Devices
from pass_harness.conformance.facts.exchanges import decisions
from pass_harness.conformance.observation import VerbCall
from pass_harness.mock_server.exchange import Exchange


def preauthorized(call: VerbCall, devices: Devices) -> tuple[list[Exchange], dict[str, Mapping[str, Any]]]:
    """Return the preauthorizations of a verb, and the latest decision on each resource that the app named.

    Resources on which several TV providers decided differently are left out: any of these decisions may be shown.
    """
    asked = [one for one in devices.during(call, "decisions.preauthorize") if one.status == 200]
    named = call.arguments.get("resources")  # a service may have other names for its resources at Adobe Pass
    latest: dict[str, dict[str | None, Mapping[str, Any]]] = {}
    for one in asked:
        for decision in decisions(one):
            if named is None or decision.get("resource") in named:
                latest.setdefault(str(decision.get("resource")), {})[one.mvpd] = decision
    return asked, {
        resource: next(reversed(made.values()))
        for resource, made in latest.items()
        if len({decision.get("authorized") is True for decision in made.values()}) == 1
    }
