"""What is put under load: a service with a mock behind it, or an Adobe Pass-like host without a service."""

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
from pass_harness.conformance.running import child_processes
from pass_harness.conformance.service_toml import service_config
from pass_harness.conformance.service_toml.service_config import ServiceConfig
from pass_harness.load.event import TEMP_PASS, Event
from pass_harness.load.ipc_messages import DirectTarget
from pass_harness.load.viewers import NEEDED
from pass_harness.mock_server.cli.options import DEFAULT_MOCK
from pass_harness.mock_server.client.async_client import bearer
from pass_harness.mock_server.client.tls_trust import tls_context

MVPD = "Cablevision"
"""What viewers of a mock choose where nothing else is said."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What the command line says of the target."""

    service: Path | None = None
    mock: str | None = None
    control_token: str | None = None
    host: str | None = None
    software_statement: Path | None = None
    service_provider: str = "REF30"
    defects: Sequence[str] = ()
    allow_remote: bool = False
    rate: float | None = None


@dataclass(frozen=True, kw_only=True)
class Target:
    """What is put under load; exactly one of ``service`` and ``direct`` is given."""

    mock: str = ""
    """Address of the mock; empty for a host that is none."""
    control_token: str | None = None
    service: ServiceConfig | None = None
    direct: DirectTarget | None = None

    @property
    def name(self) -> str:
        """What reports call it."""
        return self.service.service.base_url if self.service else self.direct.url if self.direct else ""


@contextmanager
def target(wanted: Wanted, event: Event) -> Iterator[Target]:
    """The target. Where none is named, the example service and a mock are started, and ended after.

    Raises `ConfigError` for what cannot or may not be put under load.
    """
    _require_one(wanted)
    if wanted.service is not None:
        config = service_config.load(wanted.service)
        if config.service.driver is not None or config.service.command is not None:
            raise ConfigError(f"{wanted.service}: load needs verbs that are HTTP calls; map them under [verbs]")
        mock = (wanted.mock or config.mock.url or DEFAULT_MOCK).rstrip("/")
        absolute = [(f"[verbs.{name}]", verb.target) for name, verb in config.verbs.items() if verb.target[0] != "/"]
        _require_permission(wanted, [("[service] base_url", config.service.base_url), ("the mock", mock), *absolute])
        _require_verbs(config)
        yield Target(service=config, mock=mock, control_token=wanted.control_token)
    elif wanted.mock is not None:
        mock = wanted.mock.rstrip("/")
        _require_permission(wanted, [("the mock", mock)])
        direct = _direct(mock, _statement_of(mock, wanted.control_token), wanted)
        yield Target(mock=mock, direct=direct, control_token=wanted.control_token)
    elif wanted.host is not None and wanted.software_statement is not None:
        host = wanted.host.rstrip("/")
        _require_permission(wanted, [("the host", host)])
        _require_no_logins(event)
        yield Target(direct=_direct(host, _text(wanted.software_statement), wanted))
    else:
        with _example(child_processes.known_defects(wanted.defects), event) as found:
            yield found


@contextmanager
def _example(defects: Sequence[str], event: Event) -> Iterator[Target]:
    fails_over = any(incident.fail_over for incident in event.incidents)
    with tempfile.TemporaryDirectory(prefix="pass-load-") as made:
        folder = Path(made)
        options = ["--data-centres=2"] if fails_over else []
        with (
            child_processes.mock(folder, *options) as mock,
            child_processes.programmer_service(folder, mock.url, defects) as service,
        ):
            yield Target(service=child_processes.service_toml(service.url), mock=mock.url)


def _direct(url: str, statement: str, wanted: Wanted) -> DirectTarget:
    return DirectTarget(url=url, software_statement=statement, service_provider=wanted.service_provider, mvpd=MVPD)


def _statement_of(mock: str, control_token: str | None) -> str:
    url = f"{mock}/_mock/software-statement"
    try:
        answer = httpx.get(url, headers=bearer(control_token), timeout=10, verify=tls_context(), trust_env=False)
        return answer.raise_for_status().text.strip()
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise HarnessError(f"no mock answers at {mock} ({error}); start one with `pass-mock serve`") from error


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: the software statement cannot be read ({error})") from error


def _require_one(wanted: Wanted) -> None:
    """Raises `ConfigError` for options that contradict each other."""
    if wanted.host is not None and (wanted.service is not None or wanted.mock is not None):
        raise ConfigError("--host is an Adobe Pass-like host that is asked directly: leave out --service and --mock")
    if (wanted.host is None) != (wanted.software_statement is None):
        raise ConfigError("--host and --software-statement go together: the host is asked in that application's name")
    if wanted.defects and (wanted.service is not None or wanted.mock is not None or wanted.host is not None):
        raise ConfigError("--defect is for the example service; leave it out, or leave out --service, --mock, --host")


def _require_permission(wanted: Wanted, urls: Sequence[tuple[str, str]]) -> None:
    """Raises `ConfigError` unless everything is on this machine, or load beyond it is allowed at a limited rate."""
    for what, url in urls:
        host = urlsplit(url).hostname or ""
        if _is_loopback(host):
            continue
        if not wanted.allow_remote:
            raise ConfigError(
                f"{what} is at {host or url}, and load goes to this machine alone unless you say otherwise: run it "
                "on 127.0.0.1, or, where you may put it under load, add --allow-remote and --rate"
            )
        if wanted.rate is None:
            raise ConfigError(f"{what} is at {host}: beyond this machine the load needs a limit, like --rate 50")


def _require_no_logins(event: Event) -> None:
    """Raises `ConfigError` unless every viewer gets by without a login, which only a mock can complete."""
    for kind in event.viewers:
        if kind.entrance != TEMP_PASS:
            raise ConfigError(
                f'viewers with entrance "{kind.entrance}" log in at a TV provider, which only a mock can complete: '
                f'for --host, let all viewers come by "{TEMP_PASS}"'
            )
    if event.incidents:
        raise ConfigError("incidents happen to a mock: leave out [[incidents]] for --host")


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
