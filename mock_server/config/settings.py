"""Settings of the mock and their defaults: the keys of the configuration file, and the settings of `create_app`."""

from __future__ import annotations

import ipaddress
from typing import Annotated, Literal

import msgspec

from pass_harness.mock_server.adobe.throttle import Limit
from pass_harness.mock_server.behaviours.model import Behaviour
from pass_harness.mock_server.catalogue import Catalogue, Tables, default_catalogue
from pass_harness.mock_server.formats.byte_size import RECORD_LIMIT, Size
from pass_harness.mock_server.formats.durations import Duration, Written, parse_duration
from pass_harness.mock_server.signing.keys import KeySettings


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
        """Return True if an IP address is in the network; False for any other text."""
        try:
            return ipaddress.ip_address(address) in self._network
        except ValueError:
            return False


class DefaultLifetimes(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Default lifetimes (TTL) of sessions, tokens, profiles and decisions."""

    session: Duration = parse_duration("30m")
    """Lifetime of an authentication session."""
    access_token: Duration = parse_duration("6h")
    """Lifetime of an access token."""
    profile: Duration = parse_duration("30d")
    """Lifetime of a profile (authN TTL)."""
    profile_unknown_platform: Duration = parse_duration("12h")
    """Lifetime of a profile for requests without X-Device-Info (source: Adobe's checklist, shorter authN TTL)."""
    degraded_profile: Duration = parse_duration("1m")
    """Lifetime of a profile under the degradation rule AuthNAll."""
    decision: Duration = parse_duration("1d")
    """Lifetime of an authorization decision (authZ TTL)."""
    media_token: Duration = parse_duration("7m")
    """Lifetime of a media token."""


class Bounds(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Limits of memory, body sizes and connections."""

    body_bytes: Annotated[int, msgspec.Meta(ge=0)] = 1_048_576
    """Maximum size of a request body in bytes; the mock answers 413 to a longer one."""
    journal_exchanges: Annotated[int, msgspec.Meta(ge=0)] = 100_000
    """Maximum number of exchanges in the journal of a space; the mock removes the oldest first."""
    journal_body_chars: Annotated[int, msgspec.Meta(ge=0)] = 65_536
    """Maximum length of a body in the journal, in characters; the mock truncates longer ones."""
    connections: Annotated[int, msgspec.Meta(ge=1)] = 10_000
    """Maximum number of concurrent connections of each process; the mock answers 503 to more."""
    spaces: Annotated[int, msgspec.Meta(ge=1)] = 1_000
    """Maximum number of spaces; the mock answers 429 to requests for more."""
    space_idle: Duration = parse_duration("1d")
    """Time without requests after which the mock deletes a space, by the clock of the machine."""

    def __post_init__(self) -> None:
        if self.space_idle <= 0:
            raise ValueError("space_idle must be more than 0")


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
    control_token: str | None = None
    """Bearer token that the control API requires; None requires none."""
    record: str | None = None
    """File to append every exchange to, as JSON lines; None records nothing."""
    record_limit: Size = RECORD_LIMIT
    """Maximum size of the ``record`` file; recording stops there."""

    def allows(self, peer: str) -> bool:
        """Return True if the allow-list admits a server with this IP address."""
        return not self.allow_list or any(network.includes(peer) for network in self.allow_list)
