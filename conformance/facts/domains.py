"""The domains of a service provider, as its configuration lists them, and the addresses to which browsers return."""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import urlsplit

from pass_harness.conformance.facts.exchanges import answer
from pass_harness.mock_server.exchange import Exchange


def listed_domains(configuration: Exchange) -> frozenset[str]:
    """Return the domains in a configuration, in lower case."""
    requestor = answer(configuration).get("requestor")
    listed = requestor.get("domains") if isinstance(requestor, dict) else None
    if not isinstance(listed, list):
        return frozenset()
    return frozenset(str(domain.get("name")).lower() for domain in listed if isinstance(domain, dict))


def is_listed(domain: str, domains: Collection[str]) -> bool:
    """Return whether a domain or one above it is listed; letter case does not matter."""
    labels = domain.lower().split(".")
    return any(".".join(labels[n:]) in domains for n in range(len(labels)))


def is_absolute(url: str) -> bool:
    """Return whether this is a URL with a scheme, also that of an app."""
    try:
        return bool(urlsplit(url).scheme)
    except ValueError:
        return False
