"""Metrics: parsed by Prometheus's own parsers, with a bounded number of series."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.metrics_core import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families as read_text

from pass_harness.mock_server.behaviours.effects import Effect
from pass_harness.mock_server.clock import ManualClock
from pass_harness.mock_server.config.settings import Bounds, Settings
from pass_harness.mock_server.metrics.counters import BUCKET_BOUNDS_S, Counters, SharedTotals
from pass_harness.mock_server.store import StoreUnavailable
from pass_harness.mock_server.store.memory import MemorySpace, MemoryStore
from tests.mock_server.conftest import Mock
from tests.mock_server.test_cli import serving

PROFILES = "/api/v2/REF30/profiles"
PAGE = Path(__file__).parents[2] / "docs" / "reference" / "metrics.md"


async def scraped(mock: Mock) -> dict[str, Metric]:
    answer = await mock.http.get("/_mock/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=")
    return {family.name: family for family in read_text(answer.text)}


def samples(families: dict[str, Metric], name: str) -> dict[tuple[str, ...], float]:
    """Return the values by the values of their labels."""
    found = [sample for family in families.values() for sample in family.samples if sample.name == name]
    return {tuple(sample.labels.values()): sample.value for sample in found}


@pytest.mark.anyio
async def test_requests_are_counted_by_endpoint_and_status(mock: Mock) -> None:
    headers = await mock.logged_in()
    for path in (PROFILES, PROFILES, f"{PROFILES}/NoSuch", "/no/such/path", "/another"):
        await mock.http.get(path, headers=headers)
    families = await scraped(mock)
    requests = samples(families, "pass_mock_requests_total")
    assert requests["profiles", "200"] == 2
    assert requests["profiles.mvpd", "400"] == 1
    assert requests["unknown", "404"] == 2
    assert requests == samples(await scraped(mock), "pass_mock_requests_total"), "a scrape is counted"


@pytest.mark.anyio
async def test_durations_include_what_behaviours_add(mock: Mock) -> None:
    headers = await mock.signed_on()
    await mock.http.get(PROFILES, headers=headers)
    await mock.behave({"latency": "2s"}, match={"endpoint": "profiles"})
    await mock.http.get(PROFILES, headers=headers)
    families = await scraped(mock)
    buckets = samples(families, "pass_mock_request_duration_seconds_bucket")
    of_profiles = {bound: number for (endpoint, bound), number in buckets.items() if endpoint == "profiles"}
    assert (of_profiles["0.001"], of_profiles["1.0"], of_profiles["2.5"], of_profiles["+Inf"]) == (1, 1, 2, 2)
    assert samples(families, "pass_mock_request_duration_seconds_sum")["profiles",] == 2
    assert samples(families, "pass_mock_request_duration_seconds_count")["profiles",] == 2


@pytest.mark.anyio
async def test_throttling_behaviours_and_drops_are_counted() -> None:
    mock = Mock(Settings(bounds=Bounds(journal_exchanges=5)))
    await mock.behave({"body": "unknown_fields"}, match={"endpoint": "profiles"}, times=3)
    await mock.behave({"ttl": {"access_token": "6s"}})
    await mock.behave({"connection": "reset"}, match={"ip": "203.0.113.1"}, times=1)
    await mock.signed_on()
    plain = httpx.AsyncClient(transport=httpx.ASGITransport(mock.app), base_url="http://mock")
    for _ in range(12):
        await plain.get(PROFILES)
    with pytest.raises(AssertionError):  # httpx's transport received no answer
        await plain.get(PROFILES, headers={"X-Forwarded-For": "203.0.113.1"})
    families = await scraped(mock)
    hits = {effect: number for (effect,), number in samples(families, "pass_mock_behaviour_hits_total").items()}
    assert hits == {**dict.fromkeys(Effect.__struct_fields__, 0), "body": 3, "ttl": 1, "connection": 1}
    throttled = samples(families, "pass_mock_throttled_requests_total")
    assert throttled["profiles",] == samples(families, "pass_mock_requests_total")["profiles", "429"] == 3
    assert samples(families, "pass_mock_requests_total")["profiles", "0"] == 1
    assert samples(families, "pass_mock_journal_dropped_exchanges")[()] == 2 + 12 + 1 - 5


@pytest.mark.anyio
async def test_spaces_and_listeners_are_counted_without_labels(mock: Mock) -> None:
    for number in range(20):
        await mock.at(f"/~s{number}").get(f"{PROFILES}/of-{number}", headers={"X-Forwarded-For": f"192.0.2.{number}"})
    with (await mock.app.state.spaces.open("s1")).monitor.listening():
        families = await scraped(mock)
    assert samples(families, "pass_mock_spaces")[()] == 21
    assert samples(families, "pass_mock_event_listeners")[()] == 1
    assert samples(families, "pass_mock_requests_total") == {("profiles.mvpd", "401"): 20}


@given(st.lists(st.tuples(st.sampled_from(["a", "b"]), st.integers(200, 599), st.floats(0, 60)), max_size=50))
def test_every_request_is_in_one_bucket_and_one_status(requests: list[tuple[str, int, float]]) -> None:
    counters = Counters()
    for endpoint, status, seconds in requests:
        counters.count(endpoint, status, seconds, (), throttled=False)
    for endpoint, tally in counters.endpoints.items():
        took = [seconds for name, _, seconds in requests if name == endpoint]
        assert sum(tally.statuses.values()) == sum(tally.buckets) == len(took)
        for place, bound in enumerate(BUCKET_BOUNDS_S):
            assert sum(tally.buckets[: place + 1]) == sum(seconds <= bound for seconds in took)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(200, 599), st.floats(0, 60), st.booleans())))
def test_handed_over_and_remaining_counts_add_up(requests: list[tuple[str, int, float, bool]]) -> None:
    whole, counters, handed_on = Counters(), Counters(), Counters()
    for endpoint, status, seconds, hand_on in requests:
        for counting in (whole, counters):
            counting.count(endpoint, status, seconds, ("latency",), throttled=status == 429)
        if hand_on:
            handed_on = handed_on.plus(counters.drain())
    both = handed_on.plus(counters)
    assert both.effects == whole.effects
    assert both.endpoints.keys() == whole.endpoints.keys()
    for endpoint, tally in whole.endpoints.items():
        same = both.endpoints[endpoint]
        assert (same.statuses, same.buckets, same.throttled) == (tally.statuses, tally.buckets, tally.throttled)
        assert same.seconds == pytest.approx(tally.seconds)


@pytest.mark.slow
def test_a_running_mock_exports_process_metrics_in_both_formats() -> None:
    with serving("--control-token", "s3cret") as (address, _):
        url = f"{address}/_mock/metrics"
        assert httpx.get(url, trust_env=False).status_code == 401
        headers = {"Authorization": "Bearer s3cret"}
        httpx.get(f"{address}{PROFILES}", trust_env=False)
        plain = httpx.get(url, headers=headers, trust_env=False)
        families = {family.name: family for family in read_text(plain.text)}
        assert families["process_resident_memory_bytes"].samples[0].value > 10_000_000
        assert 0 <= families["pass_mock_event_loop_lag_seconds"].samples[0].value < 60
        wanted = {**headers, "Accept": "application/openmetrics-text;version=1.0.0,text/plain;q=0.5"}
        answer = httpx.get(url, headers=wanted, trust_env=False)
        assert answer.headers["content-type"].startswith("application/openmetrics-text")
        told = {family.name for family in read_openmetrics(answer.text)}
        assert {"pass_mock_requests", "pass_mock_request_duration_seconds", "pass_mock"} <= told
        documented = set(re.findall(r"`((?:pass_mock|process)_\w+)`", PAGE.read_text("utf-8")))
        named = {sample.name for family in families.values() for sample in family.samples}
        stems = {re.sub(r"_(bucket|sum|count)$", "", name) for name in named}
        assert stems == documented


def test_the_documented_scrape_configuration_uses_the_mocks_path() -> None:
    block = re.search(r"```yaml\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    assert block is not None
    assert "metrics_path: /_mock/metrics\n" in block[1]


@pytest.mark.anyio
async def test_what_a_full_store_cannot_take_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_: object) -> None:
        raise StoreUnavailable("the store is full")

    counters = Counters()
    totals = SharedTotals(counters, MemoryStore(), ManualClock())

    async def polls() -> int:
        counters.count("profiles.code", 200, 0.001, (), throttled=False)
        return (await totals.total()).endpoints["profiles.code"].statuses[200]

    assert await polls() == 1
    with monkeypatch.context() as patched:
        patched.setattr(MemorySpace, "change", fail)
        assert [await polls(), await polls()] == [2, 3]
    assert await polls() == 4
