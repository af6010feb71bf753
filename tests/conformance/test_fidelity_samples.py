"""Adobe's samples as records: `pass-mock compare` finds the differences that known.toml lists, and no others."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from fidelity_records import compared

from pass_harness.conformance.fidelity.difference import Difference
from pass_harness.conformance.fidelity.known import known_differences, reason_of
from pass_harness.conformance.fidelity.replay import Replay
from pass_harness.mock_server.exchange import Exchange
from tests.mock_server import departures_table
from tests.mock_server.sample_pattern import ADDED
from tests.mock_server.sample_requests import Bench, Page, Sample, read_pages

SAMPLES = [
    pytest.param(page, sample, id=f"{name} {sample.place}")
    for name, page in read_pages().items()
    for sample in page.samples
]


@pytest.fixture(scope="module")
def replay() -> Iterator[Replay]:
    with Replay() as made:
        yield made


def recorded(page: Page, sample: Sample) -> Exchange:
    """Return the mock's exchange for a sample, with the answer as Adobe's page shows it."""

    async def run() -> Exchange:
        bench = Bench(page, sample)
        await bench.answer()
        return msgspec.convert((await bench.mock.exchanges())[-1], Exchange)

    exchange = asyncio.run(run())
    if sample.answer is None:
        return exchange
    headers = dict(exchange.response_headers)
    if "the content type has a charset" in sample.departs:
        headers["content-type"] = "application/json"
    body = as_published(json.loads(sample.answer), json.loads(exchange.response_body), sample.departs)
    return msgspec.structs.replace(exchange, response_body=json.dumps(body), response_headers=headers)


def as_published(pattern: Any, actual: Any, departs: str) -> Any:  # noqa: ANN401 - JSON
    """Return the mock's answer with the members and words of the sample where it departs from the sample."""
    if isinstance(pattern, list):
        pairs = zip(pattern, actual, strict=False)
        return [as_published(wanted, one, departs) for wanted, one in pairs if not str(wanted).startswith("… ")]
    if not isinstance(pattern, dict) or not isinstance(actual, dict):
        return "domain" if actual == "domainName" and "sample has domain" in departs else actual
    found = {}
    for name, value in actual.items():
        if f"+{name}" in ADDED and f"+{name}" in pattern:
            continue  # the sample lacks it
        if name == "action" and "the action is that of the table" in departs:
            continue
        written = "domain" if name == "domainName" and "sample has domain" in departs else name
        found[written] = as_published(pattern.get(name, value), value, departs)
    if "serializedToken" in found and "has no issuedAt" in departs:
        found["issuedAt"] = found["notBefore"]
    return found


def differences(replay: Replay, page: Page, sample: Sample) -> list[tuple[str, Difference]]:
    return [(one.endpoint, found) for one in compared(replay, [recorded(page, sample)]) for found in one.differences]


@pytest.mark.parametrize(("page", "sample"), SAMPLES)
def test_a_sample_has_only_known_differences(replay: Replay, page: Page, sample: Sample) -> None:
    found = differences(replay, page, sample)
    assert [str(one) for endpoint, one in found if reason_of(endpoint, one) is None] == []
    is_published_otherwise = sample.answer is not None and re.search(
        r'"\+|sample has (domain|none)|issuedAt', sample.answer + sample.departs
    )
    assert bool(found) == bool(is_published_otherwise or "has a charset" in sample.departs)


def test_every_known_difference_is_that_of_a_sample(replay: Replay) -> None:
    met = set()
    for parameters in SAMPLES:
        page, sample = parameters.values
        for endpoint, found in differences(replay, page, sample):  # type: ignore[arg-type]  # as above
            met |= {row.id for row in known_differences() if row.covers(endpoint, found)}
    assert met == {row.id for row in known_differences()}


def test_the_page_of_departures_lists_the_known_differences() -> None:
    """`python -m tests.mock_server.departures_table` writes it."""
    assert departures_table.PAGE.read_text("utf-8") == departures_table.page()
    for row in known_differences():
        assert f"| {row.id} |" in departures_table.page()
