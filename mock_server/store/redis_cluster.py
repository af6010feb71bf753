"""The servers of a Redis Cluster: each hash tag belongs to one of 16,384 slots, and each slot to a server.

A server that does not have a slot names the one that has (MOVED), or, while the slot migrates, the one that may have
the key already (ASK). Source: Redis Cluster specification, https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/.
"""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import hiredis
from redis.crc import key_slot

from pass_harness.mock_server.store import StoreUnavailable
from pass_harness.mock_server.store.redis_connection import Command, Route, Server, unavailable

SCHEMES = {"redis+cluster": "redis", "rediss+cluster": "rediss"}
_MAX_REDIRECTS = 5


def is_cluster(url: str) -> bool:
    """Return whether a store URL names a cluster."""
    return url.partition(":")[0] in SCHEMES


def node_urls(url: str) -> list[str]:
    """Return the URL of each node that the URL of a cluster names; ValueError for an invalid one."""
    parts = urlsplit(url)
    credentials, at, hosts = parts.netloc.rpartition("@")
    if parts.path not in {"", "/", "/0"}:
        raise ValueError("a cluster has the database 0 only")
    scheme = SCHEMES[parts.scheme]
    return [urlunsplit((scheme, credentials + at + host, "", parts.query, "")) for host in hosts.split(",")]


def with_address(url: str, address: str) -> str:
    """Return the URL of a node with another HOST:PORT."""
    parts = urlsplit(url)
    credentials, at, _ = parts.netloc.rpartition("@")
    return urlunsplit((parts.scheme, credentials + at + address, "", parts.query, ""))


class Cluster:
    """The servers of a cluster. It reads the table of slots for the first command, and again after a failure."""

    def __init__(self, url: str) -> None:
        """Prepare the connections; ValueError for an invalid URL."""
        self._seeds = {_address(one): Server(one) for one in node_urls(url)}
        self._template = node_urls(url)[0]
        self._servers = dict(self._seeds)
        self._slots: list[Server | None] = []
        self._loading: asyncio.Task[list[Server | None]] | None = None
        self.generation = 0
        """Number of times that the table of slots changed."""

    def at(self, tag: str) -> Route:
        return _ClusterRoute(self, key_slot(tag.encode()))

    async def close(self) -> None:
        for server in self._servers.values():
            await server.close()

    async def server_of(self, slot: int) -> Server:
        """Return the server of a slot; raise StoreUnavailable if none is known."""
        if not self._slots:
            await self._load()
        server = self._slots[slot] if self._slots else None
        if server is None:
            self.forget()
            raise unavailable(ConnectionError(f"no node of the cluster serves slot {slot}"))
        return server

    def server(self, address: str) -> Server:
        """Return the server at HOST:PORT, as a node of the cluster names it."""
        if address not in self._servers:
            self._servers[address] = Server(with_address(self._template, address))
        return self._servers[address]

    def moved(self, slot: int, address: str) -> None:
        """Note the server of a slot."""
        self.generation += 1
        if self._slots:
            self._slots[slot] = self.server(address)

    def forget(self) -> None:
        """Read the table of slots again, for example after the failure of a server."""
        self.generation += 1
        self._slots = []

    async def _load(self) -> None:
        """Read the table of slots from a server, once for all commands that wait for it."""
        if self._loading is None:
            self._loading = asyncio.create_task(self._read())
            self._loading.add_done_callback(self._finish)
        await asyncio.shield(self._loading)

    def _finish(self, task: asyncio.Task[list[Server | None]]) -> None:
        self._loading = None
        if not task.cancelled() and task.exception() is None:
            self._slots = task.result()

    async def _read(self) -> list[Server | None]:
        failure: Exception = ConnectionError("no node of the cluster answers")
        for address, server in [*self._servers.items()]:
            try:
                ranges = await server.run("CLUSTER", "SLOTS")
            except StoreUnavailable as error:
                failure = error
                continue
            slots: list[Server | None] = [None] * 16_384
            for first, last, (host, port, *_), *_ in ranges:
                # A node that does not know its own address leaves it out.
                name = host.decode() if host else address.rpartition(":")[0]
                slots[first : last + 1] = [self.server(f"{name}:{port}")] * (last + 1 - first)
            return slots
        raise failure if isinstance(failure, StoreUnavailable) else unavailable(failure)


class _ClusterRoute(Route):
    """The way to the server of one slot."""

    def __init__(self, cluster: Cluster, slot: int) -> None:
        self._cluster = cluster
        self._slot = slot

    async def send(self, command: Command) -> Any:  # noqa: ANN401 (as the server answers)
        server = await self._cluster.server_of(self._slot)
        asking = False
        for _ in range(_MAX_REDIRECTS):
            try:
                if asking:
                    _, answer = await asyncio.gather(server.send(("ASKING",)), server.send(command))
                else:
                    answer = await server.send(command)
            except StoreUnavailable:
                self._cluster.forget()
                raise
            if not isinstance(answer, hiredis.ReplyError):
                break
            kind, _, rest = str(answer).partition(" ")
            asking = kind == "ASK"
            if kind in {"MOVED", "ASK"}:
                server = self._cluster.server(rest.partition(" ")[2])
                if kind == "MOVED":
                    self._cluster.moved(self._slot, rest.partition(" ")[2])
            elif kind != "TRYAGAIN":
                if kind == "CLUSTERDOWN":
                    self._cluster.forget()
                break
        self.generation = self._cluster.generation + server.generation
        return answer


def _address(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port or 6379}"
