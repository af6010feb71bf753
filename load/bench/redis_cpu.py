"""The CPU time of the Redis servers behind a store URL, from their INFO."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from redis import Redis, RedisCluster
from redis.exceptions import RedisError

from pass_harness.conformance.errors import HarnessError
from pass_harness.mock_server.store.redis_cluster import is_cluster, node_urls


@contextmanager
def redis_servers(url: str) -> Iterator[list[Redis]]:
    """Yield a client of each server of a store URL; ValueError if the URL is not one of Redis."""
    with ExitStack() as stack:
        if not is_cluster(url):
            yield [stack.enter_context(Redis.from_url(url))]
            return
        cluster = stack.enter_context(RedisCluster.from_url(node_urls(url)[0]))
        yield [cluster.get_redis_connection(node) for node in cluster.get_nodes()]


def cpu_time(servers: list[Redis]) -> float:
    """Return the CPU time of the servers so far, in seconds. Raises `HarnessError` if one does not answer."""
    try:
        told = [server.info("cpu") for server in servers]
    except RedisError as error:
        raise HarnessError(f"a Redis server did not answer INFO: {error}") from error
    return float(sum(one["used_cpu_user"] + one["used_cpu_sys"] for one in told))
