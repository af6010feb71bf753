"""The rate limit is nginx's, and reproduces the table of Adobe's throttling page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from email.utils import parsedate_to_datetime

import httpx
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pass_harness.conformance.facts.headers import forwarded_for, peer_address
from pass_harness.mock_server.adobe.throttle import Limit, admit, remaining
from pass_harness.mock_server.clock import LATEST_MS
from pass_harness.mock_server.exchange import Exchange
from pass_harness.mock_server.gateway.throttle_response import throttled_response
from tests.mock_server.conftest import Mock

# Throttling mechanism, Scenario example for throttling: (seconds since the first request, answered?).
ADOBES_TABLE = [
    (0.0, True),
    (0.3, True),
    (0.6, True),
    (0.9, True),
    (1.2, True),
    (1.3, True),
    (1.4, True),
    (1.5, True),
    (1.6, True),
    (1.7, True),
    (1.8, True),
    (2.1, True),
    (2.2, True),
    (2.4, False),
    (2.6, False),
    (2.8, False),
    (3.1, True),
]


def test_adobes_table_is_reproduced_in_all_17_rows() -> None:
    tat, answers = None, []
    for second, _ in ADOBES_TABLE:
        admitted, tat = admit(tat, round(second * 1000), Limit())
        answers.append((second, admitted))
    assert answers == ADOBES_TABLE


@pytest.mark.anyio
async def test_adobes_table_is_reproduced_over_http(throttling_mock: Mock) -> None:
    answers, passed = [], 0.0
    for second, _ in ADOBES_TABLE:
        throttling_mock.clock.tick(second - passed)
        passed = second
        answer = await throttling_mock.http.get("/api/v2/REF30/profiles", headers={"X-Forwarded-For": "203.0.113.7"})
        answers.append((second, answer.status_code != 429))
    assert answers == ADOBES_TABLE


@given(
    st.lists(st.integers(0, 5_000), min_size=1, max_size=60),
    st.integers(1, 20).map(float),
    st.integers(0, 12),
)
def test_gcra_decides_as_a_leaking_bucket(gaps: list[int], rate: float, burst: int) -> None:
    """nginx keeps an excess that leaks at the rate; GCRA keeps one time. Both must decide the same."""
    tat: float | None = None
    excess, last, now = 0.0, None, 0
    for gap in gaps:
        now += gap
        leaked = max(excess - (now - last) * rate / 1000, 0.0) if last is not None else 0.0
        wanted = leaked + 1 if last is not None else 0.0
        # nginx counts a bucket's first request as zero excess; an emptied bucket starts at 1, as GCRA's burst + 1.
        fill = max(wanted - 1, 0.0) if last is not None else 0.0
        expected = fill <= burst + 1e-9
        admitted, tat = admit(tat, now, Limit(rate=rate, burst=burst))
        assert admitted == expected
        if expected:
            excess, last = fill + 1, now
        else:
            excess, last = leaked, now


TIMES = st.integers(1_700_000_000_000, LATEST_MS)
LIMITS = st.builds(Limit, rate=st.floats(0.1, 50), burst=st.integers(0, 6))


def passing_at_once(tat: float | None, now: int, limit: Limit) -> int:
    passed = 0
    for _ in range(limit.burst + 3):
        admitted, tat = admit(tat, now, limit)
        passed += admitted
    return passed


@given(TIMES, LIMITS)
def test_burst_plus_one_requests_pass_at_once(now: int, limit: Limit) -> None:
    assert passing_at_once(None, now, limit) == limit.burst + 1


@given(TIMES, LIMITS, st.lists(st.integers(0, 1_000), max_size=20))
def test_the_listed_tokens_and_time_are_those_of_the_next_requests(now: int, limit: Limit, gaps: list[int]) -> None:
    tat: float | None = None
    for gap in (0, *gaps):
        now += gap
        _, tat = admit(tat, now, limit)
        tokens, next_allowed = remaining(tat, now, limit)
        assert tokens == passing_at_once(tat, now, limit)
        if tokens:
            assert next_allowed == now
        else:
            assert admit(tat, next_allowed, limit)[0]
            assert not admit(tat, next_allowed - 1, limit)[0]


@pytest.mark.anyio
async def test_a_throttled_answer_is_that_of_adobes_gateway(throttling_mock: Mock) -> None:
    for _ in range(12):
        answer = await throttling_mock.http.get("/api/v2/REF30/profiles")
    assert answer.status_code == 429
    assert answer.headers["content-type"] == "text/html"
    assert answer.headers["server"] == "openresty"
    assert answer.headers["content-length"] == "166"
    cookies = [value.split("=")[0] for value in answer.headers.get_list("set-cookie")]
    assert cookies == ["AWSALB", "AWSALBCORS"]
    assert "retry-after" not in answer.headers


@pytest.mark.anyio
async def test_the_cookies_of_a_throttled_answer_expire_after_a_week(throttling_mock: Mock) -> None:
    for _ in range(12):
        answer = await throttling_mock.http.get("/api/v2/REF30/profiles")
    sent = parsedate_to_datetime(answer.headers["date"])
    for cookie in answer.headers.get_list("set-cookie"):
        expires = cookie.partition("Expires=")[2].partition(";")[0]
        assert parsedate_to_datetime(expires) - sent == timedelta(days=7)


@pytest.mark.anyio
@pytest.mark.parametrize(
    "path", ["/api/v2/authenticate/REF30/NOSUCH1", "/o/client/scopes", "/o/client/validate", "/o/client/token"]
)
async def test_the_rate_limit_holds_for_every_path_that_adobe_lists(throttling_mock: Mock, path: str) -> None:
    """Also for authenticate, which a browser calls, and for two paths of DCR that no page describes (404)."""
    statuses = [(await throttling_mock.http.get(path)).status_code for _ in range(12)]
    assert statuses.index(429) == 11


def test_the_cookies_of_a_429_last_seven_days() -> None:
    cookies = throttled_response(1_764_000_000_000).headers.getlist("set-cookie")
    assert [cookie.split("Expires=")[1].split(";")[0] for cookie in cookies] == ["Mon, 01 Dec 2025 16:00:00 GMT"] * 2


@pytest.mark.anyio
async def test_each_forwarded_address_has_a_bucket_of_its_own(throttling_mock: Mock) -> None:
    async def asks(address: str) -> int:
        headers = {"X-Forwarded-For": f"{address}, 10.0.0.1"}
        return (await throttling_mock.http.get("/api/v2/REF30/profiles", headers=headers)).status_code

    assert [await asks("203.0.113.1") for _ in range(12)][-1] == 429
    assert await asks("203.0.113.2") == 401


@pytest.mark.anyio
async def test_login_pages_are_not_throttled(throttling_mock: Mock) -> None:
    statuses = {(await throttling_mock.http.get("/mvpd/Cablevision/login")).status_code for _ in range(15)}
    assert statuses == {400}


@pytest.mark.parametrize("burst", [0, 10, 1_500, 1_000_000])
def test_a_new_bucket_has_the_tokens_of_its_burst_and_one(burst: int) -> None:
    now = 1_764_000_000_000
    for tat in (None, 0.0, now - 0.5):
        assert remaining(tat, now, Limit(rate=3, burst=burst)) == (burst + 1, now)


@pytest.mark.parametrize(("rate", "burst"), [(0.0001, 0), (1_000_000, 1_000_000)])
def test_the_least_and_greatest_limits_are_accepted(rate: float, burst: int) -> None:
    assert msgspec.convert({"rate": rate, "burst": burst}, Limit) == Limit(rate=rate, burst=burst)
    assert (Limit().rate, Limit().burst) == (1.0, 10)


@pytest.mark.parametrize(
    ("rate", "burst"), [(0, 1), (-1, 1), (1, -1), (0.00009, 1), (1_000_000.5, 1), (1, 1_000_001)]
)
def test_invalid_limits_are_refused(rate: float, burst: int) -> None:
    with pytest.raises(msgspec.ValidationError, match=r"\$\.(rate|burst)"):
        msgspec.convert({"rate": rate, "burst": burst}, Limit)


SPELLINGS = {
    "an IPv4 address with the port of each connection": lambda n: f"203.0.113.7:{40_000 + n}",
    "an IPv4 address, mapped or not": lambda n: ("203.0.113.7", "::ffff:203.0.113.7", "[::FFFF:cb00:7107]:443")[
        n % 3
    ],
    "an IPv6 address with the port of each connection": lambda n: f"[2001:db8::7]:{40_000 + n}",
    "an IPv6 address in all spellings": lambda n: (
        "2001:db8::7",
        "2001:DB8::7",
        "2001:0db8:0:0:0:0:0:7",
        "[2001:db8::0.0.0.7]",
    )[n % 4],
}


@pytest.mark.anyio
@pytest.mark.parametrize("spelling", SPELLINGS.values(), ids=SPELLINGS)
async def test_one_address_has_one_bucket_in_every_spelling(
    throttling_mock: Mock, spelling: Callable[[int], str]
) -> None:
    statuses = []
    for number in range(30):
        headers = {"X-Forwarded-For": f"{spelling(number)}, 10.0.0.1"}
        statuses.append((await throttling_mock.http.get("/api/v2/REF30/profiles", headers=headers)).status_code)
    assert statuses.count(429) == 19
    buckets = (await throttling_mock.http.get("/_mock/buckets")).json()["buckets"]
    assert len(buckets) == 1
    # The rules know the device by the address that the rate limit counts by.
    named = {forwarded_for(msgspec.convert(seen, Exchange)) for seen in await throttling_mock.exchanges()}
    assert named == {bucket["ip"] for bucket in buckets}


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("host", "peer", "address"),
    [
        ("2001:db8::1", "[2001:db8::1]:4711", "2001:db8::1"),
        ("::ffff:203.0.113.7", "[::ffff:203.0.113.7]:4711", "203.0.113.7"),
        ("203.0.113.7", "203.0.113.7:4711", "203.0.113.7"),
    ],
)
async def test_without_a_forwarded_address_the_peers_counts(mock: Mock, host: str, peer: str, address: str) -> None:
    transport = httpx.ASGITransport(mock.app, client=(host, 4711))
    async with httpx.AsyncClient(transport=transport, base_url="http://mock") as http:
        await http.get("/api/v2/REF30/profiles")
    (seen,) = await mock.exchanges()
    assert (seen["peer"], seen["ip"]) == (peer, address)
    assert peer_address(msgspec.convert(seen, Exchange)) == address
