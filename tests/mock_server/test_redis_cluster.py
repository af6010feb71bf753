"""Mocks on a Redis Cluster of three nodes: as one mock, while slots move, and while a node is down."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from redis import Redis
from redis.crc import key_slot

from pass_harness.conformance.running.child_processes import Child
from pass_harness.mock_server.domain.records import PERMITS, Permit
from pass_harness.mock_server.store import StoreUnavailable
from pass_harness.mock_server.store.redis import RedisStore
from tests.mock_server.conftest import FULL, device_headers
from tests.mock_server.mock_on_redis import PROFILES, SERVE, At, eventually
from tests.mock_server.redis_server import RedisCluster, RedisServer, valkey_binary

pytestmark = pytest.mark.slow
SPACES = ("one", "two", "three", "four", "five", "six")


def test_two_mocks_on_a_cluster_act_as_one(redis_cluster: RedisCluster, tmp_path: Path) -> None:
    as_one(redis_cluster, tmp_path)


def test_two_mocks_on_a_cluster_of_valkey_act_as_one(tmp_path: Path) -> None:
    with RedisCluster(tmp_path, valkey_binary()) as cluster:
        as_one(cluster, tmp_path)


def as_one(cluster: RedisCluster, folder: Path) -> None:
    command = (*SERVE, f"--store={cluster.empty()}", "--no-throttle")
    with (
        Child("one", command, ready="/_mock/health", folder=folder) as first,
        Child("other", command, ready="/_mock/health", folder=folder) as second,
    ):
        assert len({cluster.node_of(name).port for name in SPACES}) == 3
        for name in SPACES:
            one, other = At(first.url).space(name), At(second.url).space(name)
            headers = {**one.signed_on(), **device_headers("d")}
            code = one.answer_of("POST", "/api/v2/REF30/sessions", headers=headers, data=FULL)["code"]
            other.answer_of("POST", f"/_mock/sessions/{code}/login", json={})
            assert "Cablevision" in one.answer_of("GET", f"{PROFILES}/code/{code}", headers=headers)["profiles"]
            assert [exchange["id"] for exchange in other.exchanges()] == [1, 2, 3, 4]
            assert other.answer_of("GET", "/_mock/findings")["judged"] == 4
            assert other.answer_of("PUT", "/_mock/applications/default", json={"approved": False})["ended"] == 1
            assert one.ask("GET", PROFILES, headers=headers).status_code == 401
            assert one.ask("POST", "/_mock/reset").status_code == 204
            assert other.exchanges() == []
        assert other.answer_of("GET", "/_mock/spaces")["spaces"]
        assert "Traceback" not in first.log.read_text("utf-8") + second.log.read_text("utf-8")


def test_a_node_that_is_down_affects_its_spaces_only(tmp_path: Path) -> None:
    with RedisCluster(tmp_path) as cluster:
        root = cluster.node_of("/")
        names = {cluster.node_of(name).port: name for name in SPACES}
        down = next(node for node in cluster.nodes if node is not root)
        there, elsewhere = names[down.port], names[root.port]
        command = (*SERVE, f"--store={cluster.url}", "--no-throttle")
        with Child("mock", command, ready="/_mock/health", folder=tmp_path) as mock:
            at = At(mock.url)
            for name in names.values():
                assert at.space(name).ask("GET", PROFILES).status_code == 401
            down.stop()
            answer = at.space(there).ask("GET", PROFILES)
            assert (answer.status_code, "Redis" in answer.text) == (503, True)
            assert eventually(lambda: at.space(elsewhere).ask("GET", PROFILES).status_code == 401)
            cluster.start(down)
            assert eventually(lambda: at.space(there).ask("GET", PROFILES).status_code == 401)
            assert "Traceback" not in mock.log.read_text("utf-8")


@pytest.mark.anyio
async def test_commands_follow_a_slot_that_moves(redis_cluster: RedisCluster) -> None:
    url, name = redis_cluster.empty(), "moving"
    slot, source = key_slot(name.encode()), redis_cluster.node_of(name)
    target = next(node for node in redis_cluster.nodes if node is not source)
    store = RedisStore(url)
    space = store.space(name, 1)
    await space.write(PERMITS, "p", "i", Permit(1, 2))
    with source.client() as old, target.client() as new:
        old_id, new_id = (client.execute_command("CLUSTER", "MYID").decode() for client in (old, new))
        try:
            new.execute_command("CLUSTER", "SETSLOT", slot, "IMPORTING", old_id)
            old.execute_command("CLUSTER", "SETSLOT", slot, "MIGRATING", new_id)
            assert await space.read(PERMITS, "p", "i") == Permit(1, 2), "before its keys move"
            assert await space.read(PERMITS, "q", "i") is None, "a key that is not at the old node: ASK"
            migrate(old, target, slot)
            assert await space.read(PERMITS, "p", "i") == Permit(1, 2), "after its keys moved: ASK"
            await space.write(PERMITS, "p", "j", Permit(3, 4))
        finally:
            for client in (new, old):
                client.execute_command("CLUSTER", "SETSLOT", slot, "NODE", new_id)
        assert await space.rows(PERMITS, "p") == [Permit(1, 2), Permit(3, 4)], "after the slot moved: MOVED"
        migrate_back(old, new, source, slot, old_id)
    assert await space.read(PERMITS, "p", "i") == Permit(1, 2)
    await store.close()


def migrate(source: Redis, target: RedisServer, slot: int) -> None:
    """Move the keys of a slot to another node."""
    keys = source.execute_command("CLUSTER", "GETKEYSINSLOT", slot, 100)
    source.execute_command("MIGRATE", "127.0.0.1", target.port, "", 0, 5_000, "KEYS", *keys)


def migrate_back(old: Redis, new: Redis, source: RedisServer, slot: int, old_id: str) -> None:
    """Return a slot with its keys to the node that had it."""
    new_id = new.execute_command("CLUSTER", "MYID").decode()
    old.execute_command("CLUSTER", "SETSLOT", slot, "IMPORTING", new_id)
    new.execute_command("CLUSTER", "SETSLOT", slot, "MIGRATING", old_id)
    migrate(new, source, slot)
    for client in (old, new):
        client.execute_command("CLUSTER", "SETSLOT", slot, "NODE", old_id)


@pytest.mark.anyio
async def test_a_cluster_without_a_node_that_answers_is_unavailable(tmp_path: Path) -> None:
    server = RedisServer(tmp_path)  # never started
    store = RedisStore(f"redis+cluster://127.0.0.1:{server.port}")
    with pytest.raises(StoreUnavailable, match="Connection"):
        await asyncio.wait_for(store.space("a", 1).read(PERMITS, "p"), 5)
    await store.close()


@pytest.mark.anyio
async def test_a_server_without_cluster_mode_is_named(redis_server: RedisServer) -> None:
    store = RedisStore(redis_server.url().replace("redis://", "redis+cluster://"))
    with pytest.raises(StoreUnavailable, match="cluster support disabled"):
        await store.space("a", 1).read(PERMITS, "p")
    await store.close()
