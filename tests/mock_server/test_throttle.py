"""The rate limit is nginx's, and reproduces the table of Adobe's throttling page."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pass_harness.mock_server.adobe.throttle import Limit, admit
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


@given(st.integers(0, 10**12), st.integers(1, 30))
def test_burst_plus_one_requests_pass_at_once(now: int, burst: int) -> None:
    tat: float | None = None
    passed = 0
    for _ in range(burst + 5):
        admitted, tat = admit(tat, now, Limit(burst=burst))
        passed += admitted
    assert passed == burst + 1


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


@pytest.mark.parametrize(("rate", "burst"), [(0, 1), (-1, 1), (1, -1)])
def test_invalid_limits_are_refused(rate: float, burst: int) -> None:
    with pytest.raises(msgspec.ValidationError, match=r"\$\.(rate|burst)"):
        msgspec.convert({"rate": rate, "burst": burst}, Limit)
