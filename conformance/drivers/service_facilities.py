"""The facilities that service.toml gives a run (conformance/facilities.py lists them all)."""

from __future__ import annotations

from pass_harness.conformance.drivers.http_verbs import mentions
from pass_harness.conformance.service_toml.service_config import ServiceConfig


def service_facilities(config: ServiceConfig) -> frozenset[str]:
    """Return the facilities that service.toml gives."""
    if not config.verbs:  # a Python or command driver receives the identity and may return the attributes
        return frozenset({"attributes", "temppass_identity"})
    status = config.verbs.get("status")
    given = {
        "repoint": config.service.repoint is not None,
        "attributes": status is not None and "attributes" in status.returns,
        "hidden_mvpds": bool(config.service.hidden_mvpds),
        "temppass_identity": any(mentions(config, verb, "temppass_identity") for verb in config.verbs),
        "visitor_identifier": any(mentions(config, verb, "visitor_identifier") for verb in config.verbs),
    }
    return frozenset(name for name, there in given.items() if there)
