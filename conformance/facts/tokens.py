"""Clients and access tokens, as registrations, token responses and rejections show them."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field

from pass_harness.conformance.bounded import Bounded
from pass_harness.conformance.facts.exchanges import (
    NEEDS_TOKEN,
    SSO_SERVICE,
    answer,
    answered_before,
    bearer,
    brief,
    form,
    json_object,
)
from pass_harness.conformance.facts.service_tokens import refusal
from pass_harness.mock_server.exchange import Exchange

REJECTED = "invalid_access_token_client_application"
"""Code of the error for an invalid token. A token refused for one service provider stays valid for others."""
UNAUTHORIZED = "unauthorized"
"""Code of the SSO Service for an invalid access token, and for one that is of no use for the service provider; its
other 401 codes concern service tokens."""
REFUSED_FOR_PROVIDER = "invalid_access_token_service_provider"
"""Code of the error for a client whose application does not belong to the service provider. No token of that client
can help."""
CLIENT_REFUSALS = frozenset({"invalid_client", "unauthorized_client"})
"""Errors of the token endpoint that refuse the client credentials."""
BY_CODE = frozenset({"sessions.resume", "sessions.retrieve", "profiles.code"})
"""Endpoints that a second screen also calls, with a client of its own, for the code of another device."""


@dataclass(slots=True)
class Token:
    """One access token. Ages are measured on the mock's monotonic clock, because the service has its own clock."""

    value: str
    client: str
    issued: Exchange
    lifetime_s: float
    """Lifetime in seconds, from ``issued.wall`` on."""
    rejected: Exchange | None = None
    doubted: bool = False
    """Whether the SSO Service refused it, for itself or the service provider: the client may replace it."""
    works_again: bool = False
    """Whether Adobe Pass accepted the token in a request after it had rejected it: the rejection was a fault."""
    accepted: bool = False
    """Whether Adobe Pass accepted the token in a request."""
    uses: int = 0

    @property
    def expires_s(self) -> float:
        """Expiry in seconds on the scale of ``Exchange.wall``."""
        return self.issued.wall + self.lifetime_s

    def needs_renewal(self, now_s: float) -> bool:
        """Return whether a client may or must replace the token: rejected, expired, or close to its expiry."""
        return self.rejected is not None or self.doubted or self.expires_s - now_s <= max(60.0, self.lifetime_s / 10)


@dataclass(slots=True)
class Client:
    """One registration, or a client that was registered before the trace began (``registered`` is None)."""

    id: str
    registered: Exchange | None = None
    statement: str | None = None
    refused: bool = False
    """Whether Adobe Pass refused the credentials, an unused token or the service provider."""
    refused_s: float = float("-inf")
    """Time of the latest refusal; infinite after one for a service provider, which others do not disprove."""
    works_again_s: float = float("inf")
    """Time of the first request after the refusal with a newer token that was accepted."""
    tokens: list[Token] = field(default_factory=list)
    """Latest tokens, oldest first."""
    devices: set[str] = field(default_factory=set)
    """Up to two of the devices that the client serves; two show that it is shared."""
    service_providers: set[str | None] = field(default_factory=set)
    """Up to `MOST_PROVIDERS` of the service providers that the client serves."""
    began_s: float = float("inf")
    """Time of its first request for a device, in seconds on the scale of ``Exchange.wall``."""
    used_s: float = 0.0
    """Time of its latest one."""
    spare: bool = False
    """Whether a client of the same software statement served a device already when this one was registered."""

    def refuse(self, at_s: float) -> None:
        self.refused, self.refused_s, self.works_again_s = True, max(self.refused_s, at_s), float("inf")

    def was_refused(self, newer: Client) -> bool:
        """Return whether a service might register another client: the action of these errors asks for that.

        Once the credentials work again, the refusal was a fault of Adobe Pass and excuses no later registration.
        """
        at_s = newer.registered.wall if newer.registered is not None else float("-inf")
        return self.refused and at_s <= max(self.works_again_s, self.refused_s + REGISTERS_WITHIN_S)

    def is_of_another_application(self, other: Client) -> bool:
        """Return whether the clients are known to be of different software statements."""
        return None not in {self.statement, other.statement} and self.statement != other.statement


KEPT_TOKENS = 8
VISIT_S = 10.0
"""Seconds after which a device may return from another application, whose software statement is unknown."""
MOST_PROVIDERS = 100
REGISTERS_WITHIN_S = 60.0
"""Seconds after a refusal in which a service may register, although another instance goes on with the client."""
DeviceKey = tuple[str | None, str]
"""Service provider and device identifier."""


@dataclass
class Tokens:
    """Clients and tokens seen, bounded, and their relation to the current exchange."""

    sent: Token | None = None
    """Known token that the current exchange carries."""
    rejection: Exchange | None = None
    """Earlier exchange that rejected that token, unless a request since then has shown that it works.

    A token from before the trace is unknown; for such a token the current exchange is a rejection too."""
    client: Client | None = None
    """Client of the current exchange, if it is one for a device; None for a request by code (`BY_CODE`)."""
    previous_client: Client | None = None
    """Client of the previous exchange of the same device."""
    stayed_s: float = 0.0
    """Seconds for which the device had called with its previous client, if the current exchange changes it."""
    previous_tokens: Sequence[Token] = ()
    """Earlier tokens of the client that requests a token in the current exchange, oldest first."""
    _clients: Bounded[str, Client] = field(default_factory=Bounded)
    _tokens: Bounded[str, Token] = field(default_factory=Bounded)
    _of_statement: Bounded[str, list[Client]] = field(default_factory=Bounded)
    _serving: Bounded[DeviceKey, tuple[Client, float]] = field(default_factory=Bounded)
    """Client of each device, and the time in seconds since which it has been that one."""
    _rejected: Bounded[str, Exchange] = field(default_factory=Bounded)
    """Rejections of unknown tokens."""

    def observe(self, exchange: Exchange) -> None:
        """Process an exchange and make it the current one."""
        endpoint = exchange.endpoint
        self.sent = self.rejection = self.client = self.previous_client = None
        self.previous_tokens = ()
        if endpoint in NEEDS_TOKEN or endpoint in SSO_SERVICE:
            self._use(exchange)
        elif endpoint == "dcr.token":
            self._issue(exchange)
        elif endpoint == "dcr.register" and exchange.status == 201:
            self._register(exchange)

    def recall(self, earlier: Exchange) -> None:
        """Process a registration or token request from before the trace.

        Nothing is known about the use of earlier tokens, so only the latest one of each client counts.
        """
        self.observe(earlier)
        client_id = client_of(earlier) if earlier.endpoint == "dcr.token" else None
        if client_id is not None:
            client = self._known(client_id)
            client.tokens = client.tokens[-1:]

    def of(self, client_id: str) -> Sequence[Token]:
        """Return the latest tokens of a client, oldest first."""
        client = self._clients.get(client_id)
        return client.tokens if client is not None else ()

    def of_statement(self, statement: str | None) -> list[Client]:
        """Return the registrations of one software statement, oldest first."""
        return list(self._of_statement.get(statement) or ()) if statement else []

    def may_be_two_applications(self, client: Client, before: Client) -> bool:
        """Return whether the viewer of the current exchange may have changed to another application."""
        is_unknown = None in {client.statement, before.statement}
        return client.is_of_another_application(before) or (is_unknown and self.stayed_s > VISIT_S)

    def shared_before(self, client: Client) -> list[Client]:
        """Return the earlier registrations of a client's software statement that serve several devices, oldest first.

        Those that Adobe Pass refused are left out.
        """
        older = itertools.takewhile(lambda one: one is not client, self.of_statement(client.statement))
        return [one for one in older if len(one.devices) > 1 and not one.was_refused(client)]

    def is_needless(self, client: Client) -> bool:
        """Return whether a client that no device uses was registered beside one in use for the same purpose.

        Several clients that serve a service provider each show that this one may be for another service provider.
        """
        shared = self.shared_before(client)
        served = [provider for one in shared for provider in one.service_providers]
        return len(shared) < 2 or len(set(served)) < len(served)

    def _register(self, exchange: Exchange) -> None:
        client_id = answer(exchange).get("client_id")
        if not isinstance(client_id, str):
            return
        client = Client(client_id, brief(exchange), statement_of(exchange))
        self._clients.put(client_id, client)
        if client.statement:
            kept = self._of_statement.get(client.statement) or []
            client.spare = any(one.devices for one in kept)
            self._of_statement.put(client.statement, [*kept, client][-1000:])

    def _issue(self, exchange: Exchange) -> None:
        client_id = client_of(exchange)
        if client_id is None:
            return
        client = self._known(client_id)
        self.previous_tokens = client.tokens
        body = answer(exchange)
        if body.get("error") in CLIENT_REFUSALS:
            client.refuse(exchange.wall)
        value, life = body.get("access_token"), body.get("expires_in")
        if exchange.status != 201 or not isinstance(value, str) or not isinstance(life, int | float):
            return
        # The lifetime counts from created_at: the response may have been delayed.
        created = body.get("created_at")
        delay = (created - exchange.at) / 1000 if isinstance(created, int) else 0.0
        token = Token(value, client_id, brief(exchange), life + max(0.0, min(delay, 60.0)))
        client.tokens = [*client.tokens, token][-KEPT_TOKENS:]
        self._tokens.put(value, token)

    def _use(self, exchange: Exchange) -> None:
        value = bearer(exchange)
        token = self._tokens.get(value) if value else None
        client_id = token.client if token is not None else exchange.client_id
        client = self._known(client_id) if client_id else None
        if client is not None and exchange.device and exchange.endpoint not in BY_CODE:
            self._serve(client, exchange.service_provider, exchange.device, exchange.wall)
        if token is not None:
            self.sent, self.rejection = token, None if token.works_again else token.rejected
            accepted = 200 <= exchange.status <= 400
            token.uses += 1
            token.accepted = token.accepted or accepted
            if accepted and token.rejected is not None and answered_before(token.rejected, exchange):
                token.works_again = True
            if accepted and client is not None and token.issued.wall > client.refused_s:
                client.works_again_s = min(client.works_again_s, exchange.wall)
        elif value is not None:
            self._use_unknown(value, exchange)
        if exchange.endpoint in SSO_SERVICE:
            if token is not None and refusal(exchange).get("code") == UNAUTHORIZED:
                token.doubted = True
        elif exchange.status == 401 and client is not None:
            self._reject(client, token, exchange)

    def _use_unknown(self, value: str, exchange: Exchange) -> None:
        if rejects_token(exchange):
            self.rejection = self._rejected.get(value)
            if self.rejection is None:
                self._rejected.put(value, exchange)
        elif exchange.status < 400:
            self._rejected.pop(value)

    def _reject(self, client: Client, token: Token | None, exchange: Exchange) -> None:
        if answer(exchange).get("code") == REFUSED_FOR_PROVIDER:
            client.refuse(float("inf"))
        elif token is not None and token.rejected is None and rejects_token(exchange):
            token.rejected = exchange
            if not token.accepted and exchange.wall < token.expires_s:
                client.refuse(exchange.wall)

    def _known(self, client_id: str) -> Client:
        """Return the client, which may have been registered before the trace began."""
        client = self._clients.get(client_id)
        if client is None:
            client = Client(client_id)
            self._clients.put(client_id, client)
        return client

    def _serve(self, client: Client, service_provider: str | None, device: str, at_s: float) -> None:
        self.client = client
        client.began_s, client.used_s = min(client.began_s, at_s), at_s
        served = (service_provider, device)
        self.previous_client, since_s = self._serving.get(served) or (None, at_s)
        if self.previous_client is not client:
            self._serving.put(served, (client, at_s))
            self.stayed_s = at_s - since_s
        if len(client.devices) < 2:
            client.devices.add(device)
        if len(client.service_providers) < MOST_PROVIDERS:
            client.service_providers.add(service_provider)


def rejects_token(exchange: Exchange) -> bool:
    """Return whether the response is a 401 that rejects the token itself."""
    if exchange.endpoint in SSO_SERVICE:
        return False
    return exchange.status == 401 and answer(exchange).get("code", REJECTED) == REJECTED


def statement_of(exchange: Exchange) -> str | None:
    """Return the (masked) software statement of a registration."""
    sent = json_object(exchange.request_body) or form(exchange.request_body)
    statement = sent.get("software_statement")
    return statement if isinstance(statement, str) else None


def client_of(exchange: Exchange) -> str | None:
    """Return the id of the client that requests a token."""
    if exchange.client_id:
        return exchange.client_id
    sent = json_object(exchange.request_body) or form(exchange.request_body)
    client_id = sent.get("client_id") or form(exchange.query).get("client_id")
    return client_id if isinstance(client_id, str) else None
