"""Prometheus metrics of a load run: the statistics of the report, while the run lasts."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from load_traces import asked, exchange
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from pass_harness.conformance.errors import ConfigError
from pass_harness.conformance.outcomes import Expectations
from pass_harness.conformance.registry import select
from pass_harness.conformance.running.child_processes import free_port
from pass_harness.load.ipc_messages import Arrival
from pass_harness.load.live_evaluation import LiveJudge
from pass_harness.load.run_metrics import RunMetrics, served_metrics

EVENT = """[event]
audience = 4
duration = "8s"
[[stages]]
lasts = "2s"
share = 1
[[viewers]]
entrance = "first-screen"
watches = "1s"
"""


def judged() -> LiveJudge:
    judge = LiveJudge(select(["headers.device-identifier"]), Expectations(), seconds=60.0)
    judge.begin(0.0)
    return judge


def scraped(judge: LiveJudge) -> dict[str, float]:
    """Return the samples by name and labels, as in the text format."""
    registry = CollectorRegistry()
    registry.register(RunMetrics(judge, "kickoff"))
    return samples(generate_latest(registry).decode())


def samples(text: str) -> dict[str, float]:
    return {
        sample.name + "".join(f" {name}={value}" for name, value in sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_the_samples_are_the_figures_of_the_run() -> None:
    judge = judged()
    judge.arrival(Arrival(at=1.0, late=0.2))
    judge.verb(asked("play", intended=1.0, started=1.1, ended=1.5))
    judge.verb(asked("play", intended=2.0, started=2.0, ended=5.0, failure="no answer"))
    for number, status in enumerate((200, 429, 503), start=1):
        judge.exchange(exchange(number, float(number), "profiles", status=status, lag_ms=40.0))
    judge.conclude(frozenset({"play"}))
    found = scraped(judge)
    assert found["pass_load_event_info event=kickoff"] == 1
    assert found["pass_load_viewers_total"] == 1
    assert found["pass_load_arrival_lateness_seconds_sum"] == pytest.approx(0.2)
    assert found["pass_load_verbs_total result=succeeded verb=play"] == 1
    assert found["pass_load_verbs_total result=failed verb=play"] == 1
    assert found["pass_load_verb_duration_seconds_bucket le=0.5 verb=play"] == 1
    assert found["pass_load_verb_duration_seconds_bucket le=5.0 verb=play"] == 2
    assert found["pass_load_verb_lateness_seconds_bucket le=0.1"] == 2
    for result in ("succeeded", "throttled", "failed"):
        assert found[f"pass_load_adobe_calls_total endpoint=profiles result={result}"] == 1
    assert found["pass_load_findings_total rule=headers.device-identifier"] == 3
    assert (found["pass_load_judged_exchanges_total"], found["pass_load_mock_lag_seconds"]) == (3, 0.04)


@given(st.lists(st.floats(0.0, 100.0), max_size=30))
def test_buckets_are_cumulative_and_complete(seconds: list[float]) -> None:
    judge = judged()
    for late in seconds:
        judge.arrival(Arrival(at=1.0, late=late))
    found = scraped(judge)
    buckets = [value for name, value in found.items() if "pass_load_arrival_lateness_seconds_bucket" in name]
    assert buckets == sorted(buckets)
    assert buckets[-1] == found["pass_load_arrival_lateness_seconds_count"] == len(seconds)
    assert found["pass_load_arrival_lateness_seconds_sum"] == pytest.approx(sum(seconds), rel=0.01, abs=0.001)


@pytest.mark.slow
def test_a_port_in_use_is_named_and_a_free_one_is_freed_again() -> None:
    port = free_port()
    for _ in range(2):
        with served_metrics(judged(), "kickoff", port):
            assert (
                "pass_load_viewers_total 0.0" in httpx.get(f"http://127.0.0.1:{port}/metrics", trust_env=False).text
            )
            with (
                pytest.raises(ConfigError, match=rf"--metrics-port {port}: .*choose another port"),
                served_metrics(judged(), "kickoff", port),
            ):
                pass


@pytest.mark.slow
def test_a_run_serves_its_metrics_while_it_lasts(tmp_path: Path) -> None:
    (tmp_path / "event.toml").write_text(EVENT, "utf-8")
    port = free_port()
    command = [Path(sys.executable).with_name("pass-load"), "run", "--event", tmp_path / "event.toml"]
    process = subprocess.Popen(
        [*command, "--metrics-port", str(port)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    latest = ""
    while process.poll() is None:
        with suppress(httpx.TransportError):
            latest = httpx.get(f"http://127.0.0.1:{port}/metrics", trust_env=False).text
        time.sleep(0.1)
    said, _ = process.communicate()
    found = samples(latest)
    assert found["pass_load_viewers_total"] == 4, said
    assert found["pass_load_verbs_total result=succeeded verb=login"] == 4, said
    assert re.search(r"\d+ viewers", said)


def test_the_page_lists_every_metric_with_its_type() -> None:
    page = (Path(__file__).parents[2] / "docs/reference/metrics.md").read_text("utf-8")
    listed = dict(re.findall(r"^\| `(pass_load_\w+)` \| (\w+)", page, re.MULTILINE))
    families = [*RunMetrics(judged(), "kickoff").collect()]
    assert listed == {one.name + "_total" * (one.type == "counter"): one.type for one in families}
