"""Filter of the requests in a trace that go to Adobe Pass."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from ipaddress import ip_address
from urllib.parse import SplitResult

from pass_harness.conformance.facts.version1 import version1_of
from pass_harness.mock_server.proxy.recognition import endpoint_of

ADOBE_HOSTS = frozenset(
    {
        *("api.auth.adobe.com", "api.auth-staging.adobe.com"),
        *("sp.auth.adobe.com", "sp-prequal.auth.adobe.com"),
        *("sp.auth-staging.adobe.com", "sp-prequal.auth-staging.adobe.com"),
        *("mgmt.auth.adobe.com", "mgmt-prequal.auth.adobe.com", "mgmt-prequal.auth-staging.adobe.com"),
    }
)
"""Sources: the servers of Adobe's OpenAPI documents, REST API V2 pages, TempPass (the reset API)."""

_MOST_RESEMBLING = 100


@dataclass
class Hosts:
    """The hosts of Adobe Pass, and ``others`` that count as such: mocks and proxies."""

    others: frozenset[str] = frozenset()
    passed_over: int = 0
    """Number of requests to other hosts."""
    resembling: Counter[str] = field(default_factory=Counter)
    """Number of those with a path of Adobe Pass, by host."""
    never_sent: Counter[str] = field(default_factory=Counter)
    """Number of entries for Adobe Pass that never went out, by reason."""

    def include(self, method: str, url: SplitResult) -> bool:
        """Return whether a request is to Adobe Pass, and count those that are not.

        On loopback the path decides, because both a mock and the service may listen there.
        """
        host = url.hostname or ""
        if host in ADOBE_HOSTS or host in self.others or url.netloc in self.others:
            return True
        resembles = bool(endpoint_of(method, url.path) or version1_of(url.path))
        if resembles and _is_loopback(host):
            return True
        self.passed_over += 1
        if resembles and (host in self.resembling or len(self.resembling) < _MOST_RESEMBLING):
            self.resembling[host] += 1
        return False


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def environment_of(host: str) -> str:
    """Return the name of the environment that a host of Adobe's belongs to; empty for Release-Production and others.

    Clients, sessions and profiles of one environment are unknown in the others.
    """
    if host not in ADOBE_HOSTS:
        return ""
    names = ("staging", "auth-staging" in host), ("prequal", "-prequal." in host)
    return "-".join(name for name, is_in in names if is_in)
