"""What may be put under load: for now services and mocks on this machine alone."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

from conformance.errors import ConfigError
from conformance.service_config import ServiceConfig
from load.viewers import NEEDED


def require_loopback(config: ServiceConfig, mock_url: str) -> None:
    """Raises `ConfigError` unless the mock and every verb are on this machine."""
    absolute = [(f"[verbs.{name}]", verb.target) for name, verb in config.verbs.items() if verb.target[0] != "/"]
    for what, url in [("[service] base_url", config.service.base_url), ("the mock", mock_url), *absolute]:
        host = urlsplit(url).hostname or ""
        if not _is_loopback(host):
            raise ConfigError(
                f"{what} is at {host or url}: load goes to this machine alone; "
                "run the service and the mock here, on 127.0.0.1"
            )


def require_verbs(config: ServiceConfig) -> None:
    """Raises `ConfigError` unless the verbs are mapped that viewers cannot do without."""
    if missing := sorted(NEEDED - config.verbs.keys()):
        names = ", ".join(f"[verbs.{name}]" for name in missing)
        raise ConfigError(f"{config.path}: viewers need {names}; map {'it' if len(missing) == 1 else 'them'}")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
