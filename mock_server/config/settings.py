"""Settings of the mock: what a configuration file may say, with the defaults."""

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
    """An address, or a network in CIDR notation."""

    def __init__(self, written: object) -> None:
        super().__init__(written)
        try:
            self._network = ipaddress.ip_network(str(written), strict=False)
        except ValueError as error:
            raise ValueError(
                f"{written!r} is no address and no network: write 203.0.113.7 or 203.0.113.0/24"
            ) from error

    def includes(self, address: str) -> bool:
        try:
            return ipaddress.ip_address(address) in self._network
        except ValueError:
            return False


class DefaultLifetimes(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long what the mock issues is valid, each a duration."""

    session: Duration = parse_duration("30m")
    access_token: Duration = parse_duration("6h")
    profile: Duration = parse_duration("30d")
    profile_unknown_platform: Duration = parse_duration("12h")
    """For requests without X-Device-Info: the shorter authN TTL that Adobe's checklist warns of."""
    degraded_profile: Duration = parse_duration("1m")
    decision: Duration = parse_duration("1d")
    media_token: Duration = parse_duration("7m")


class Bounds(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What keeps the mock's memory and answers bounded."""

    body_bytes: Annotated[int, msgspec.Meta(ge=0)] = 1_048_576
    """Longer request bodies are refused with 413."""
    journal_exchanges: Annotated[int, msgspec.Meta(ge=0)] = 100_000
    """Exchanges kept per space; the oldest go first."""
    journal_body_chars: Annotated[int, msgspec.Meta(ge=0)] = 65_536
    """Longer bodies are cut in the journal."""
    connections: Annotated[int, msgspec.Meta(ge=1)] = 10_000
    """At the same time, in each process; more are refused with 503."""
    spaces: Annotated[int, msgspec.Meta(ge=1)] = 1_000
    space_idle: Duration = parse_duration("1d")
    """A space that nobody asked for so long is forgotten, by the machine's clock."""

    def __post_init__(self) -> None:
        if self.space_idle <= 0:
            raise ValueError("space_idle is above 0")


class ConfigFile(Tables, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The configuration file of ``pass-mock serve --config``."""

    catalogue: Literal["default", "empty"] = "default"
    """Add to the default catalogue, or start from nothing."""
    lifetimes: DefaultLifetimes = DefaultLifetimes()
    throttle: Limit | Literal[False] = Limit()
    """``false`` switches throttling off."""
    bounds: Bounds = Bounds()
    keys: KeySettings = KeySettings()
    behaviours: tuple[Behaviour, ...] = ()
    """In effect in every space from its first use on; an entry may name a preset instead."""
    allow_list: tuple[Network, ...] = ()
    """Addresses and networks of the Programmer's servers; others get 403. Empty lets everybody in."""
    strict: bool = False
    """Refuse with 400 what Adobe Pass tolerates although it is not documented."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that `create_app` composes the mock from."""

    catalogue: Catalogue = msgspec.field(default_factory=default_catalogue)
    lifetimes: DefaultLifetimes = DefaultLifetimes()
    throttle: Limit | None = Limit()
    """None switches throttling off."""
    bounds: Bounds = Bounds()
    keys: KeySettings = KeySettings()
    behaviours: tuple[Behaviour, ...] = ()
    """In effect in every space from its first use on."""
    allow_list: tuple[Network, ...] = ()
    """Addresses and networks of the Programmer's servers (CIDR); others get 403. Empty lets everybody in."""
    strict: bool = False
    """Refuse with 400 what Adobe Pass tolerates although it is not documented."""
    control_token: str | None = None
    """Bearer token that control calls must carry, if set."""
    record: str | None = None
    """File that every exchange is appended to, as JSON lines."""
    record_limit: Size = RECORD_LIMIT
    """The size at which that file gets no more of them."""

    def allows(self, peer: str) -> bool:
        """Whether a server with this address may call Adobe Pass."""
        return not self.allow_list or any(network.includes(peer) for network in self.allow_list)
