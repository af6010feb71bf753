"""The facilities that [verbs] of service.toml gives a run (conformance/facilities.py lists them all)."""

from __future__ import annotations

from pass_harness.conformance.drivers.http_verbs import mentions
from pass_harness.conformance.facilities import ONE_SCREEN, mapped_returns
from pass_harness.conformance.service_toml.service_config import ServiceConfig


def service_facilities(config: ServiceConfig) -> frozenset[str]:
    """Return the facilities of the HTTP driver."""
    status = config.verbs.get("status")
    given = {
        "attributes": status is not None and "attributes" in status.returns,
        "provider_on_phone": "enter_code" in config.verbs and mentions(config, "enter_code", "mvpd"),
        "hidden_mvpds": bool(config.service.hidden_mvpds),
        "temppass_identity": any(mentions(config, verb, "temppass_identity") for verb in config.verbs),
        ONE_SCREEN: {"login", "arrived"} <= config.verbs.keys()
        and "enter_code" not in config.verbs
        and not mentions(config, "login", "screen"),
        "visitor_identifier": any(mentions(config, verb, "visitor_identifier") for verb in config.verbs),
    }
    mapped = mapped_returns({verb: mapping.returns for verb, mapping in config.verbs.items()})
    return mapped | {name for name, there in given.items() if there}
