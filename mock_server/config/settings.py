"""Settings of the mock and their defaults: the keys of the configuration file, and the settings of `create_app`."""

from __future__ import annotations

import ipaddress
from typing import Annotated, Literal

import msgspec

from pass_harness.mock_server.adobe.headers import address_in
from pass_harness.mock_server.adobe.throttle import Limit
from pass_harness.mock_server.behaviours.model import Behaviour
from pass_harness.mock_server.catalogue import Catalogue, Tables, default_catalogue
from pass_harness.mock_server.formats.byte_size import RECORD_LIMIT, Size
from pass_harness.mock_server.formats.durations import Duration, Written, format_duration, parse_duration
from pass_harness.mock_server.formats.public_url import PublicUrl
from pass_harness.mock_server.signing.keys import KeySettings

_MOST = 1_000_000_000
_MOST_BYTES = 1_000_000_000_000
MIN_SPACE_IDLE = parse_duration("1s")


class Network(Written):
    """An IP address, or a network in CIDR notation."""

    def __init__(self, written: object) -> None:
        super().__init__(written)
        try:
            self._network = ipaddress.ip_network(str(written), strict=False)
        except ValueError as error:
            raise ValueError(
                f"{written!r} is not an IP address or network: write 203.0.113.7 or 203.0.113.0/24"
            ) from error

    def includes(self, address: str) -> bool:
        """Return True if an IP address, in any spelling, is in the network; False for any other text."""
        found = address_in(address)
        return found is not None and ipaddress.ip_address(found) in self._network


class DefaultLifetimes(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Default lifetimes (TTL) of sessions, tokens, profiles and decisions."""

    session: Duration = parse_duration("30m")
    """Lifetime of an authentication session."""
    access_token: Duration = parse_duration("6h")
    """Lifetime of an access token."""
    profile: Duration = parse_duration("30d")
    """Lifetime of a profile (authN TTL)."""
    profile_unknown_platform: Duration = parse_duration("12h")
    """Maximum lifetime of a profile whose device has an unknown platform (source: Adobe's checklist, shorter authN
    TTL)."""
    degraded_profile: Duration = parse_duration("1m")
    """Lifetime of a profile under the degradation rule AuthNAll."""
    decision: Duration = parse_duration("1d")
    """Lifetime of an authorization decision (authZ TTL)."""
    media_token: Duration = parse_duration("7m")
    """Lifetime of a media token."""
    service_token: Duration = parse_duration("1h")
    """Lifetime of a service token of the SSO Service."""
    service_token_refresh: Duration = parse_duration("1d")
    """Time after its expiry in which a service token can still be refreshed (source: SSO Service, "recently")."""
    link_code: Duration = parse_duration("30m")
    """Lifetime of a link code of the SSO Service."""


class Bounds(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Limits of memory, body sizes and connections."""

    body_bytes: Annotated[int, msgspec.Meta(ge=0, le=_MOST)] = 1_048_576
    """Maximum size of a request body in bytes; the mock answers 413 to a longer one."""
    journal_exchanges: Annotated[int, msgspec.Meta(ge=0, le=_MOST)] = 100_000
    """Maximum number of exchanges in the journal of a space; the mock removes the oldest first."""
    journal_bytes: Annotated[int, msgspec.Meta(ge=0, le=_MOST_BYTES)] = 268_435_456
    """Maximum memory of the journals of all spaces in bytes; the largest journal loses its oldest exchanges first."""
    journal_body_chars: Annotated[int, msgspec.Meta(ge=0, le=_MOST)] = 65_536
    """Maximum length of a body in the journal, in characters; the mock truncates longer ones."""
    state_bytes: Annotated[int, msgspec.Meta(ge=1_000_000, le=_MOST_BYTES)] = 536_870_912
    """Maximum memory of the state of all spaces in bytes, in the stores ``memory`` and ``sqlite``; the largest table
    loses its oldest entries first."""
    connections: Annotated[int, msgspec.Meta(ge=1, le=_MOST)] = 10_000
    """Maximum number of concurrent connections of each process; the mock answers 503 to more."""
    listeners: Annotated[int, msgspec.Meta(ge=0, le=_MOST)] = 200
    """Maximum number of event streams of each process, such as dashboards, of up to 1 MiB; 503 to more."""
    spaces: Annotated[int, msgspec.Meta(ge=1, le=_MOST)] = 1_000
    """Maximum number of spaces; the mock answers 429 to requests for more."""
    space_idle: Duration = parse_duration("1d")
    """Time without requests after which the mock deletes a space, by the clock of the machine."""

    def __post_init__(self) -> None:
        if self.space_idle < MIN_SPACE_IDLE:
            raise ValueError(f"space_idle must be {format_duration(MIN_SPACE_IDLE)} or more")


class Undocumented(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Behaviour of Adobe Pass that live clients observed and no page documents (docs/reference/departures.md)."""

    code_after_login: Duration = parse_duration("0s")
    """Time after the end of its session during which the code of a login still returns profiles."""
    lower_case_codes: bool = False
    """True accepts the codes of sessions in lower-case letters."""
    double_slashes: bool = True
    """False answers 404 to paths with repeated slashes; true counts them as one."""


class ConfigFile(Tables, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The configuration file of ``pass-mock serve --config``."""

    catalogue: Literal["default", "empty"] = "default"
    """Catalogue that the lists of the file are added to."""
    lifetimes: DefaultLifetimes = DefaultLifetimes()
    throttle: Limit | Literal[False] = Limit()
    """Rate limit of each IP address (HTTP 429); ``false`` disables it."""
    bounds: Bounds = Bounds()
    keys: KeySettings = KeySettings()
    behaviours: tuple[Behaviour, ...] = ()
    """Behaviours of every space from its first use; an entry may name a preset instead."""
    allow_list: tuple[Network, ...] = ()
    """IP addresses and networks (CIDR) of the Programmer's servers; all others get 403. Empty allows all."""
    strict: bool = False
    """True answers 400 to undocumented requests that Adobe Pass accepts in practice."""
    public_url: PublicUrl | None = None
    """Scheme, host and port by which browsers reach the mock, for redirects and other URLs that it hands out."""
    undocumented: Undocumented = Undocumented()


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """The settings of a mock, for `create_app`."""

    catalogue: Catalogue = msgspec.field(default_factory=default_catalogue)
    lifetimes: DefaultLifetimes = DefaultLifetimes()
    throttle: Limit | None = Limit()
    """Rate limit of each IP address (HTTP 429); None disables it."""
    bounds: Bounds = Bounds()
    keys: KeySettings = KeySettings()
    behaviours: tuple[Behaviour, ...] = ()
    """Behaviours of every space from its first use."""
    allow_list: tuple[Network, ...] = ()
    """IP addresses and networks (CIDR) of the Programmer's servers; all others get 403. Empty allows all."""
    strict: bool = False
    """True answers 400 to undocumented requests that Adobe Pass accepts in practice."""
    public_url: PublicUrl | None = None
    """Scheme, host and port by which browsers reach the mock; None reads them from each request."""
    undocumented: Undocumented = Undocumented()
    control_token: str | None = None
    """Bearer token that the control API requires; None requires none."""
    record: str | None = None
    """File to append every exchange to, as JSON lines; None records nothing."""
    record_limit: Size = RECORD_LIMIT
    """Maximum size of the ``record`` file; recording stops there."""

    def allows(self, peer: str) -> bool:
        """Return True if the allow-list admits a server with this IP address."""
        return not self.allow_list or any(network.includes(peer) for network in self.allow_list)
