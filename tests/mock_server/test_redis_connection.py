"""The connection to a Redis server: forms of its URL, failures, and what comes after them."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import pytest

from pass_harness.mock_server.store import StoreUnavailable
from pass_harness.mock_server.store.redis_connection import Script, Server
from tests.mock_server.redis_server import RedisServer

ACCOUNT = ("--user", "me", "on", ">mine", "~*", "+@all")
pytestmark = [pytest.mark.slow, pytest.mark.anyio]


@pytest.mark.parametrize("form", ["redis://:s3cret@HOST/3", "redis://me:mine@HOST/3", "unix://me:mine@PATH?db=3"])
async def test_a_url_names_server_user_and_database(form: str, tmp_path: Path) -> None:
    with RedisServer(tmp_path) as redis:
        redis.stop()
        socket = tmp_path / "redis.sock"
        redis.start("--requirepass", "s3cret", *ACCOUNT, "--unixsocket", str(socket))
        url = form.replace("HOST", f"127.0.0.1:{redis.port}").replace("PATH", str(socket))
        server = Server(url)
        await server.run("SET", "key", "value")
        await server.close()
        with redis.client(f"redis://:s3cret@127.0.0.1:{redis.port}/3") as client:
            assert client.get("key") == b"value"
        wrong = Server(url.replace("s3cret", "wrong").replace("mine", "wrong"))
        for _ in range(2):
            with pytest.raises(StoreUnavailable, match="WRONGPASS"):
                await wrong.run("GET", "key")
        await wrong.close()


async def test_concurrent_commands_get_their_own_responses(redis_server: RedisServer) -> None:
    server = Server(redis_server.fresh())
    script = Script("if ARGV[1] == '7' then return redis.error_reply('seven') end return ARGV[1]")

    async def run(number: int) -> object:
        try:
            return await server.script(script, ["k"], [number])
        except StoreUnavailable as error:
            return str(error)

    answers = await asyncio.gather(*(run(number) for number in range(50)))
    assert "seven" in str(answers.pop(7))
    assert answers == [str(number).encode() for number in range(50) if number != 7]
    cancelled = asyncio.ensure_future(server.run("ECHO", "cancelled"))
    other = asyncio.ensure_future(server.run("ECHO", "other"))
    await asyncio.sleep(0)
    cancelled.cancel()
    assert await other == b"other"
    await server.close()


async def test_commands_in_progress_fail_with_their_server_and_later_ones_connect_again(tmp_path: Path) -> None:
    with RedisServer(tmp_path) as redis:
        server = Server(redis.url())
        await server.run("PING")
        redis.process.send_signal(signal.SIGSTOP)
        waiting = [asyncio.ensure_future(server.run("ECHO", number)) for number in range(3)]
        failures = await asyncio.gather(*waiting, return_exceptions=True)
        assert {type(failure) for failure in failures} == {StoreUnavailable}
        assert "Timeout" in str(failures[0])
        redis.process.send_signal(signal.SIGCONT)
        assert await server.run("PING") == b"PONG"
        assert server.generation == 2
        redis.stop()
        with pytest.raises(StoreUnavailable, match="Connection"):
            await server.run("PING")
        redis.start()
        assert await server.run("PING") == b"PONG"
        await server.close()


async def test_another_kind_of_server_is_unavailable() -> None:
    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example ESMTP\r\n")
        await reader.read()
        writer.close()

    async with await asyncio.start_server(greet, "127.0.0.1", 0) as mail:
        server = Server(f"redis://127.0.0.1:{mail.sockets[0].getsockname()[1]}")
        with pytest.raises(StoreUnavailable, match="not Redis"):
            await server.run("PING")
        await server.close()
