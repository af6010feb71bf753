"""What is put under load: a service on this machine, or the example service with a mock of its own."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from conformance import example, service_config
from conformance.errors import ConfigError
from conformance.runner import DEFAULT_MOCK
from conformance.service_config import ServiceConfig
from load.viewers import NEEDED


@contextmanager
def target(
    service_file: Path | None, mock_url: str | None, defects: Sequence[str]
) -> Iterator[tuple[ServiceConfig, str]]:
    """The service and the address of the mock; both are started, and ended after, where no service is named.

    Raises `ConfigError` for what cannot or may not be put under load.
    """
    if service_file is not None:
        if defects:
            raise ConfigError("--defect is for the example service; leave it out, or leave out --service")
        config = service_config.load(service_file)
        mock = (mock_url or config.mock.url or DEFAULT_MOCK).rstrip("/")
        _require_loopback(config, mock)
        _require_verbs(config)
        yield config, mock
    elif mock_url is not None:
        raise ConfigError("--mock goes with --service; without either, both are started for you")
    else:
        with _example(example.known_defects(defects)) as found:
            yield found


@contextmanager
def _example(defects: Sequence[str]) -> Iterator[tuple[ServiceConfig, str]]:
    with tempfile.TemporaryDirectory(prefix="pass-load-") as made:
        folder = Path(made)
        with example.mock(folder) as mock, example.programmer_service(folder, mock.url, defects) as service:
            yield example.service_toml(service.url), mock.url


def _require_loopback(config: ServiceConfig, mock_url: str) -> None:
    """Raises `ConfigError` unless the mock and every verb are on this machine."""
    absolute = [(f"[verbs.{name}]", verb.target) for name, verb in config.verbs.items() if verb.target[0] != "/"]
    for what, url in [("[service] base_url", config.service.base_url), ("the mock", mock_url), *absolute]:
        host = urlsplit(url).hostname or ""
        if not _is_loopback(host):
            raise ConfigError(
                f"{what} is at {host or url}: load goes to this machine alone; "
                "run the service and the mock here, on 127.0.0.1"
            )


def _require_verbs(config: ServiceConfig) -> None:
    """Raises `ConfigError` unless the verbs are mapped that viewers cannot do without."""
    if missing := sorted(NEEDED - config.verbs.keys()):
        names = ", ".join(f"[verbs.{name}]" for name in missing)
        raise ConfigError(f"{config.path}: viewers need {names}; map {'it' if len(missing) == 1 else 'them'}")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
