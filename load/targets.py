"""The load target: a service with a mock behind it, or an Adobe Pass-like host without a service."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from pass_harness.conformance.errors import ConfigError, HarnessError
from pass_harness.conformance.reports.history.recording import relative
from pass_harness.conformance.running import child_processes
from pass_harness.conformance.running.demo import EXAMPLE
from pass_harness.conformance.service_toml import service_config
from pass_harness.conformance.service_toml.service_config import ServiceConfig
from pass_harness.load.event import TEMP_PASS, Event
from pass_harness.load.ipc_messages import DirectTarget
from pass_harness.load.viewers import REQUIRED_VERBS
from pass_harness.mock_server.cli.options import DEFAULT_MOCK
from pass_harness.mock_server.client.async_client import ControlError
from pass_harness.mock_server.client.sync_client import SyncControlClient
from pass_harness.mock_server.client.tls_trust import REMEDY as TRUST_CA
from pass_harness.mock_server.client.tls_trust import untrusted_certificate
from pass_harness.mock_server.client.urls import url_error
from pass_harness.mock_server.store.opening import without_password

MVPD = "Cablevision"
"""TV provider of viewers who call a mock directly, unless the event names others."""


@dataclass(frozen=True, kw_only=True)
class TargetOptions:
    """The target options of the command line."""

    service: Path | None = None
    mock: str | None = None
    control_token: str | None = None
    host: str | None = None
    software_statement: Path | None = None
    service_provider: str = "REF30"
    defects: Sequence[str] = ()
    allow_remote: bool = False
    rate: float | None = None

    @property
    def name(self) -> str:
        """Name of the target in a history: it stays the same for all runs."""
        if self.service is not None:
            return relative(str(self.service))
        return without_password(self.mock or self.host or "") or str(EXAMPLE)


@dataclass(frozen=True, kw_only=True)
class Target:
    """The load target; exactly one of ``service`` and ``direct`` is set."""

    mock: str = ""
    """URL of the mock; empty for a host without a control API."""
    control_token: str | None = None
    service: ServiceConfig | None = None
    direct: DirectTarget | None = None

    @property
    def name(self) -> str:
        """Name of the target in reports: its URL without a password."""
        url = self.service.service.base_url if self.service else self.direct.url if self.direct else ""
        return without_password(url)


@contextmanager
def target(options: TargetOptions, event: Event) -> Iterator[Target]:
    """Yield the target. If none is given, start the example service and a mock, and end them afterwards.

    Raises `ConfigError` for a target that cannot, or must not, be put under load.
    """
    _require_one(options)
    for option, url in (("--mock", options.mock), ("--host", options.host)):
        if url is not None and (reason := url_error(url)) is not None:
            raise ConfigError(f"{option} {url:.100}: {reason}")
    if options.service is not None:
        config = service_config.load(options.service)
        if config.service.driver is not None or config.service.command is not None:
            raise ConfigError(f"{options.service}: load needs verbs that are HTTP calls; map them under [verbs]")
        mock = (options.mock or config.mock.url or DEFAULT_MOCK).rstrip("/")
        absolute = [(f"[verbs.{name}]", verb.target) for name, verb in config.verbs.items() if verb.target[0] != "/"]
        _require_permission(options, [("[service] base_url", config.service.base_url), ("the mock", mock), *absolute])
        _require_verbs(config)
        yield Target(service=config, mock=mock, control_token=options.control_token)
    elif options.mock is not None:
        mock = options.mock.rstrip("/")
        _require_permission(options, [("the mock", mock)])
        direct = _direct(mock, _software_statement(mock, options.control_token), options)
        yield Target(mock=mock, direct=direct, control_token=options.control_token)
    elif options.host is not None and options.software_statement is not None:
        host = options.host.rstrip("/")
        _require_permission(options, [("the host", host)])
        _require_no_logins(event)
        yield Target(direct=_direct(host, _read_statement(options.software_statement), options))
    else:
        with _example(child_processes.known_changes(options.defects), event) as found:
            yield found


@contextmanager
def _example(defects: Sequence[str], event: Event) -> Iterator[Target]:
    fails_over = any(incident.fail_over for incident in event.incidents)
    with tempfile.TemporaryDirectory(prefix="pass-load-") as path:
        folder = Path(path)
        mock_options = ["--data-centres=2"] if fails_over else []
        with (
            child_processes.mock(folder, *mock_options) as mock,
            child_processes.programmer_service(folder, mock.url, defects) as service,
        ):
            yield Target(service=child_processes.service_toml(service.url), mock=mock.url)


def _direct(url: str, statement: str, options: TargetOptions) -> DirectTarget:
    return DirectTarget(url=url, software_statement=statement, service_provider=options.service_provider, mvpd=MVPD)


def _software_statement(mock: str, control_token: str | None) -> str:
    try:
        with SyncControlClient(mock, token=control_token) as control:
            control.health()  # the first answer is bounded
            return control.software_statement()
    except (httpx.HTTPError, ControlError, ValueError) as error:
        untrusted = untrusted_certificate(error)
        remedy = TRUST_CA if untrusted else "Start one with `pass-mock serve`"
        raise HarnessError(f"no mock answers at {mock} ({untrusted or error}). {remedy}") from error


def _read_statement(path: Path) -> str:
    try:
        return path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: the software statement cannot be read ({error})") from error


def _require_one(options: TargetOptions) -> None:
    """Raise `ConfigError` for options that contradict each other."""
    if options.host is not None and (options.service is not None or options.mock is not None):
        raise ConfigError("--host is a target that viewers call directly: leave out --service and --mock")
    if (options.host is None) != (options.software_statement is None):
        raise ConfigError("--host and --software-statement go together: give both, or neither")
    if options.defects and (options.service is not None or options.mock is not None or options.host is not None):
        raise ConfigError(
            "--defect applies to the example service: leave it out, or leave out --service, --mock and --host"
        )


def _require_permission(options: TargetOptions, urls: Sequence[tuple[str, str]]) -> None:
    """Raise `ConfigError` unless all URLs are on this machine, or remote load is allowed at a limited rate."""
    for what, url in urls:
        host = urlsplit(url).hostname or ""
        if _is_loopback(host):
            continue
        if not options.allow_remote:
            raise ConfigError(
                f"{what} is at {host or url}, but by default load goes to this machine alone: run it on 127.0.0.1, "
                "or, if you may put it under load, add --allow-remote and --rate"
            )
        if options.rate is None:
            raise ConfigError(f"{what} is at {host}: load to another machine needs a limit, like --rate 50")


def _require_no_logins(event: Event) -> None:
    """Raise `ConfigError` unless all viewers come without a login, which only a mock can complete."""
    for kind in event.viewers:
        if kind.entrance != TEMP_PASS:
            raise ConfigError(
                f'viewers with entrance "{kind.entrance}" log in at a TV provider, which only a mock can complete: '
                f'for --host, set the entrance of all viewers to "{TEMP_PASS}"'
            )
    if event.incidents:
        raise ConfigError("incidents need a mock: leave out [[incidents]] for --host")


def _require_verbs(config: ServiceConfig) -> None:
    """Raise `ConfigError` unless the service maps all verbs that viewers need."""
    if missing := sorted(REQUIRED_VERBS - config.verbs.keys()):
        names = ", ".join(f"[verbs.{name}]" for name in missing)
        raise ConfigError(f"{config.path}: viewers need {names}; map {'it' if len(missing) == 1 else 'them'}")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
