"""The benchmark: its structure, never its figures."""

from __future__ import annotations

import itertools
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import psutil
import pytest
from click.testing import CliRunner

from pass_harness.conformance.errors import HarnessError
from pass_harness.load.bench import machine, peer_comparison, ratios, redis_cpu, store_cost
from pass_harness.load.bench.baseline_apps import READY, Canned
from pass_harness.load.bench.bench_command import bench as bench_command
from pass_harness.load.bench.bench_command import command_line
from pass_harness.load.bench.cpu_cores import suspended
from pass_harness.load.bench.peer_comparison import (
    FIRST_COLUMNS,
    MOST_ROUNDS,
    MOST_WINDOWS,
    Rates,
    steady,
    until_warm,
)
from pass_harness.load.bench.peers import PEERS, Peer, mockoon, mockserver, prism, wiremock
from pass_harness.load.bench.ratios import Measured
from pass_harness.load.bench.store_comparison import CORES
from pass_harness.load.cli import main
from tests.mock_server.redis_server import RedisCluster, RedisServer

MACHINE = ["- Processor", "- Memory", "- System", "- Measured", "- Command"]
CALLS = ["profiles.code", "decisions.preauthorize", "decisions.authorize", "dcr.token", "sessions.create"]


def bench(*options: str, path: str | None = None) -> subprocess.CompletedProcess[str]:
    command = [
        str(Path(sys.executable).with_name("pass-load")),
        "bench",
        "--rounds",
        "1",
        "--seconds",
        "0.1",
        *options,
    ]
    environment = {**os.environ, "PATH": path} if path is not None else None
    return subprocess.run(command, env=environment, text=True, capture_output=True, check=False, timeout=120)


def printed(output: str) -> tuple[list[str], list[list[str]]]:
    """Return the list of the machine and the cells of the table, heading first."""
    described, _, rest = output.partition("\n\n")
    table = rest.partition("\n\n")[0].splitlines()
    return described.splitlines(), [[cell.strip() for cell in row[1:-1].split("|")] for row in table]


@pytest.mark.slow
def test_the_bench_prints_the_machine_and_a_table_of_ratios() -> None:
    ended = bench("--runs=2")
    assert ended.returncode == 0, ended.stderr
    described, (head, _, *rows) = printed(ended.stdout)
    assert [line.partition(":")[0] for line in described] == MACHINE
    assert described[-1] == "- Command: `pass-load bench --runs 2 --rounds 1 --seconds 0.1`"
    assert head == [*ratios.COLUMNS]
    assert [row[0] for row in rows] == CALLS
    for row in rows:
        assert int(row[2]) > 0
        assert re.fullmatch(r"\d+\.\d\d \(\d+\.\d\d to \d+\.\d\d\)", row[3])
        assert re.fullmatch(r"\d+%", row[-1])


def test_the_table_has_the_medians_of_the_runs_and_their_spread() -> None:
    def run(mock: float, ratio: float, limit: float) -> list[Measured]:
        figures = {"ratio": ratio, "by_cost": ratio, "to_stock": ratio, "limit": limit, "of_limit": ratio}
        return [Measured(name="poll", plain=30_000, mock=mock, starlette=0.7, busy=mock / 10_000, **figures)]

    heading, _, row = ratios.table_of([run(9_900, 0.4, 1), run(9_700, 0.5, 1), run(9_800, 0.1, 0.7)]).splitlines()
    spread = "0.40 (0.10 to 0.50)"
    assert row == f"| poll | 30000 | 9800 | {spread} | 0.40 | {spread} | 0.70 | 1.00 | 0.40 | 97% |"
    assert row.count("|") == heading.count("|")
    assert "(" not in ratios.table_of([run(9_900, 0.4, 1)])
    assert "use the ratio by CPU" in ratios.table_of([run(9_400, 0.4, 1)])


@pytest.mark.slow
def test_stores_and_workers_are_compared(tmp_path: Path) -> None:
    with RedisServer(tmp_path) as redis:
        stores = ("memory", f"sqlite:{tmp_path / 'mock.sqlite'}", redis.url())
        ended = bench(*(f"--store={store}" for store in stores), "--workers=1", "--workers=2")
    assert ended.returncode == 0, ended.stderr
    described, (head, _, *rows) = printed(ended.stdout)
    assert "--store memory --store sqlite:mock.sqlite --store redis://" in described[-1]
    assert head == ["setup", *CALLS, *CORES]
    assert [row[0] for row in rows] == ["memory", "sqlite", "redis, 1 worker", "redis, 2 workers"]
    assert all(int(rate) > 0 for row in rows for rate in row[1 : len(CALLS) + 1])
    assert [row[-1] for row in rows[:2]] == ["0.0", "0.0"]
    assert all(float(row[-2]) > 0 for row in rows)


@pytest.mark.slow
def test_the_cost_of_a_store_is_compared_with_memory(tmp_path: Path) -> None:
    with RedisServer(tmp_path) as redis:
        ended = bench("--cost", redis.url())
        assert ended.returncode == 0, ended.stderr
        with redis.client() as client:
            assert not client.keys("*:log:journal"), "it is reset afterwards"
    _, (head, _, *rows) = printed(ended.stdout)
    assert head == [*store_cost.COLUMNS]
    assert [row[0] for row in rows] == CALLS
    assert all(re.fullmatch(r"\d+\.\d\d to \d+\.\d\d", row[-1]) for row in rows)


@pytest.mark.slow
def test_the_cpu_time_of_a_cluster_is_that_of_all_its_servers(tmp_path: Path) -> None:
    with RedisCluster(tmp_path) as cluster, redis_cpu.redis_servers(cluster.url) as servers:
        assert len(servers) == len(cluster.nodes)
        each = [redis_cpu.cpu_time([server]) for server in servers]
        assert redis_cpu.cpu_time(servers) >= sum(each) > max(each)


@pytest.mark.slow
def test_the_cost_needs_the_url_of_a_redis_server() -> None:
    ended = bench("--cost", "memory")
    assert ended.returncode == 2
    assert "'memory' is not the URL of a Redis server" in ended.stderr


@pytest.mark.slow
def test_several_workers_need_a_shared_store() -> None:
    ended = bench("--store=memory", "--workers=2")
    assert ended.returncode == 2
    assert "--workers 2 needs a store that the workers share" in ended.stderr


@pytest.mark.slow
def test_other_mocks_need_npm(tmp_path: Path) -> None:
    ended = bench("--compare", path=str(tmp_path))
    assert ended.returncode == 2
    assert "--compare installs other mocks with npm, which is not installed" in ended.stderr


def test_other_mocks_are_configured_with_the_same_answers(tmp_path: Path) -> None:
    headers = {"content-type": "application/json;charset=UTF-8", "date": "Thu, 01 Jan 1970 00:00:00 GMT"}
    answer = Canned(method="POST", path="/o/client/token", status=201, headers=headers, body=b'{"id":"a {{b}}"}')

    prism([answer], tmp_path, tmp_path)
    [(path, operations)] = json.loads((tmp_path / "prism.json").read_bytes())["paths"].items()
    content = operations["post"]["responses"]["201"]["content"]
    assert (path, content) == (answer.path, {"application/json": {"example": {"id": "a {{b}}"}}})

    mockoon([answer], tmp_path, tmp_path)
    [route] = json.loads((tmp_path / "mockoon.json").read_bytes())["routes"]
    [given] = route["responses"]
    assert (route["method"], f"/{route['endpoint']}", given["statusCode"]) == ("post", answer.path, 201)
    assert (given["body"].encode(), given["disableTemplating"]) == (answer.body, True)

    (tmp_path / "wiremock" / "build").mkdir(parents=True)
    (tmp_path / "wiremock" / "build" / "wiremock-standalone-3.jar").touch()
    wiremock([answer], tmp_path, tmp_path)
    mapping = json.loads((tmp_path / "wiremock" / "mappings" / "0.json").read_bytes())
    assert mapping["request"] == {"method": "POST", "urlPath": answer.path}
    assert (mapping["response"]["status"], mapping["response"]["body"].encode()) == (201, answer.body)

    (tmp_path / "mockserver-node").mkdir()
    (tmp_path / "mockserver-node" / "mockserver-netty-7.jar").touch()
    mockserver([answer], tmp_path, tmp_path)
    [expectation] = json.loads((tmp_path / "mockserver.json").read_bytes())
    assert expectation["httpRequest"] == {"method": "POST", "path": answer.path}
    assert expectation["httpResponse"]["statusCode"] == 201
    assert expectation["httpResponse"]["headers"] == {"content-type": ["application/json;charset=UTF-8"]}
    assert expectation["httpResponse"]["body"]["string"].encode() == answer.body


@pytest.mark.parametrize("peer", PEERS, ids=lambda peer: f"{peer.name}-{peer.journal}")
def test_peers_serve_on_loopback_only(peer: Peer, tmp_path: Path) -> None:
    for folder in ("wiremock/build", "mockserver-node"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "a.jar").touch()
    program, *rest = peer.start([], tmp_path, tmp_path)
    assert program in {"node", "java"}
    assert [word for word in rest if word.endswith("=127.0.0.1")]
    assert [*peer.options] == rest[len(rest) - len(peer.options) :]
    assert [*peer.runtime_options] == rest[: len(peer.runtime_options)]


def test_a_server_is_warm_when_its_rate_no_longer_rises() -> None:
    rising = [100.0, 150.0, 200.0, 205.0, 199.0, 198.0, 300.0]
    assert steady(rising, 3) == [205.0, 199.0, 198.0], "205 is less than 3 % above 200"
    assert steady([100.0, 104.0, 108.5, 113.0], 1) == [113.0]
    for_ever = (1.1**power for power in range(1_000))
    assert steady(for_ever, 2) == [1.1 ** (MOST_ROUNDS - 2), 1.1 ** (MOST_ROUNDS - 1)]


def test_a_server_gets_requests_until_it_is_warm_and_its_journal_full() -> None:
    assert until_warm([100.0, 104.0, 104.0, 400.0], 0) == 308.0
    assert until_warm([100.0, 110.0, 400.0, 410.0, 500.0], 0) == 1_020.0, "a just-in-time compiler takes its time"
    assert until_warm([100.0] * 9, 500) == 500.0
    assert until_warm(itertools.repeat(1.0), 1_000) == MOST_WINDOWS


def test_the_table_of_peers_compares_with_the_best_of_each_duty() -> None:
    def rates(server: str, recorded: int, poll: float) -> Rates:
        return Rates(server, recorded, f"{server}'s options", {"poll": poll})

    measured = [rates("mock", 100, 900.0), rates("A", 0, 1_200.0), rates("A", 100, 300.0), rates("B", 0, 600.0)]
    heading, _, *rows = peer_comparison.table_of(measured).splitlines()
    assert heading == f"| {' | '.join(FIRST_COLUMNS)} | poll |"
    assert rows[:6] == [
        "| mock | 100 | 900 |",
        "| A | no | 1200 |",
        "| A | 100 | 300 |",
        "| B | no | 600 |",
        "| mock to the best peer |  | 0.75 |",
        "| mock to the best peer with a journal |  | 3.00 |",
    ]
    assert rows[8:10] == ["- A: A's options", "- A, with a journal: A's options"]


@pytest.mark.slow
def test_peers_are_measured_with_the_responses_of_the_mock(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(peer_comparison, "JOURNAL", 50)
    monkeypatch.setattr(peer_comparison, "_STEP_S", 0.1)
    peers = [Peer("plain", "plain@1.2", bare_app, ()), Peer("other", "other@1.3", other_app, ())]
    monkeypatch.setattr(peer_comparison, "installed", lambda _: (peers[:1], tmp_path))
    lines: list[str] = []
    mock, plain = peer_comparison.compare(rounds=1, seconds=0.1, announce=lines.append)
    assert (mock.recorded, plain.recorded) == (50, 0)
    assert [*mock.by_call] == [*plain.by_call] == CALLS
    assert plain.configuration.startswith("1.2, ``, ")
    monkeypatch.setattr(peer_comparison, "installed", lambda _: (peers[1:], tmp_path))
    with pytest.raises(HarnessError, match=r"other answers profiles\.code with another response than the mock"):
        peer_comparison.compare(rounds=1, seconds=0.1, announce=lines.append)


def bare_app(answers: list[Canned], folder: Path, _: Path) -> tuple[str, ...]:
    folder.mkdir(exist_ok=True)
    (folder / "answers.json").write_bytes(msgspec.json.encode(answers))
    return sys.executable, "-m", "pass_harness.load.bench.baseline_apps", "plain", str(folder / "answers.json")


def other_app(answers: list[Canned], folder: Path, modules: Path) -> tuple[str, ...]:
    changed = [answer if answer is READY else msgspec.structs.replace(answer, body=b"{}") for answer in answers]
    return bare_app(changed, folder, modules)


def test_separate_measurements_are_separate_commands() -> None:
    for options in (["--compare", "--cost=redis://127.0.0.1/0"], ["--compare", "--workers=2"]):
        ended = CliRunner().invoke(main, ["bench", *options])
        assert (ended.exit_code, "are separate measurements: name one" in ended.stderr) == (2, True)
    ended = CliRunner().invoke(main, ["bench", "--runs=2", "--compare"])
    assert (ended.exit_code, "--runs is for the comparison with bare apps" in ended.stderr) == (2, True)


def test_the_printed_command_has_neither_passwords_nor_folders() -> None:
    given = ["--store=redis://me:secret@127.0.0.1:1/0", "--store=sqlite:/home/me/a.sqlite", "--workers=4"]
    context = bench_command.make_context("pass-load bench", given)
    stores = "--store 'redis://me:…@127.0.0.1:1/0' --store sqlite:a.sqlite"
    assert command_line(context) == f"pass-load bench {stores} --workers 4"
    assert command_line(bench_command.make_context("bench", ["--compare"])) == "bench --compare"


def test_the_kind_of_memory_is_what_udev_read_of_the_dmi_tables(tmp_path: Path) -> None:
    dmi = tmp_path / "+dmi:id"
    assert machine.memory_kind(dmi) == "kind unknown"
    devices = (f"E:MEMORY_DEVICE_{number}_TYPE=DDR5\nE:MEMORY_DEVICE_{number}_SPEED_MTS=4800" for number in (0, 1))
    dmi.write_text("\n".join(("I:1", *devices, "E:MEMORY_ARRAY_NUM_DEVICES=2")), "utf-8")
    assert machine.memory_kind(dmi) == "DDR5 4800 MT/s"


def test_the_processor_has_family_and_model(tmp_path: Path) -> None:
    cpu_info = tmp_path / "cpuinfo"
    core = "model\t\t: 2\nmodel name\t: AMD EPYC\nstepping\t: 1\ncpu family\t: 26\n"
    cpu_info.write_text(f"processor\t: 0\n{core}\nprocessor\t: 1\n{core}", "utf-8")
    assert machine.processor(cpu_info) == "AMD EPYC (family 26, model 2)"
    assert machine.processor(tmp_path / "none")


@pytest.mark.slow
def test_halted_processes_stop_and_continue_afterwards() -> None:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as process:
        try:
            with suspended([process.pid]):
                assert _comes_to(process.pid, psutil.STATUS_STOPPED)
            assert _comes_to(process.pid, psutil.STATUS_SLEEPING, psutil.STATUS_RUNNING)
        finally:
            process.kill()


def _comes_to(pid: int, *statuses: str) -> bool:
    ends = time.monotonic() + 10
    while time.monotonic() < ends:
        if psutil.Process(pid).status() in statuses:
            return True
        time.sleep(0.01)
    return False
