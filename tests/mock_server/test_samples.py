"""Adobe's samples: the mock answers each sample's request with the sample's answer."""

from __future__ import annotations

import json
import re

import pytest

from tests.mock_server import sample_table
from tests.mock_server.sample_pattern import ADDED, OPEN, mismatches
from tests.mock_server.sample_requests import FOLDER, Bench, Page, Sample, read_pages

PAGES = read_pages()
SAMPLES = [
    pytest.param(page, sample, id=f"{name} {sample.place}") for name, page in PAGES.items() for sample in page.samples
]

# Counted on the pages, every tab with a response: 74 on the API pages, 11 on that of the SSO Service, and three on
# the pages of errors.
COUNTED = {
    "dcr-retrieve-client-credentials": ["1 Success", "1 Error"],
    "dcr-retrieve-access-token": ["1 Success", "1 Error"],
    "configuration-retrieve": ["1"],
    "sessions-create": ["1", "2", "3", "4", "5"],
    "sessions-resume": ["1", "2", "3", "4", "5"],
    "sessions-retrieve": ["1", "2"],
    "sessions-authenticate": ["1"],
    "profiles-retrieve": ["1", "2", "3"],
    "profiles-retrieve-for-mvpd": [
        "1", "2", "3",
        "4 Available", "4 Duration Limit Exceeded", "4 Invalid Configuration",
        "5 Available", "5 Duration Limit Exceeded", "5 Resources Limit Exceeded", "5 Invalid Configuration",
        "5 Invalid Identity",
        "6 AuthNAll Degradation",
    ],
    "profiles-retrieve-for-code": [
        "1",
        "2 Available", "2 Duration Limit Exceeded", "2 Invalid Configuration",
        "3 Available", "3 Duration Limit Exceeded", "3 Resources Limit Exceeded", "3 Invalid Configuration",
        "3 Invalid Identity",
        "4 AuthNAll Degradation",
    ],
    "decisions-preauthorize": ["1", "2 AuthNAll Degradation", "2 AuthZAll Degradation", "2 AuthZNone Degradation"],
    "decisions-authorize": [
        "1", "2",
        "3 AuthNAll Degradation", "3 AuthZAll Degradation", "3 AuthZNone Degradation",
        "4 Available", "4 Duration Limit Exceeded", "4 Invalid Configuration",
        "5 Available", "5 Duration Limit Exceeded", "5 Resources Limit Exceeded", "5 Invalid Configuration",
        "5 Invalid Identity",
    ],
    "logout-initiate": ["1", "2", "3", "4", "5", "6", "7"],
    "partner-retrieve-authentication-request": ["1", "2", "3", "4", "5"],
    "partner-retrieve-profile": ["1", "2"],
    "throttling-mechanism": ["1"],
    "sso-service": [
        "1 POST serviceToken", "2 POST serviceToken", "1 GET serviceToken",
        "1 POST link", "4 Step", "1 POST unlink", "2 POST unlink", "1 GET list", "2 GET list",
        "1 Error Response Example", "1 Success Response Example",
    ],
    "enhanced-error-codes": ["1 Item-level error information", "2 Top-level error information"],
}  # fmt: skip


@pytest.mark.anyio
@pytest.mark.parametrize(("page", "sample"), SAMPLES)
async def test_the_mock_answers_as_the_sample_shows(page: Page, sample: Sample) -> None:
    bench = Bench(page, sample)
    answer = await bench.answer()
    assert (answer.status_code, answer.headers.get("content-type", "")) == (sample.status, sample.content_type)
    shown = {name: answer.headers[name] for name in sample.answer_headers if name in answer.headers}
    assert list(mismatches(sample.answer_headers, shown, bench.values)) == []
    if sample.answer is not None:
        assert list(mismatches(json.loads(sample.answer), answer.json(), bench.values)) == []
    if sample.text is not None:
        assert answer.text.split() == sample.text.split()


def test_no_sample_is_forgotten() -> None:
    covered = {name: [sample.place for sample in page.samples] for name, page in PAGES.items()}
    assert covered == COUNTED
    assert sum(map(len, COUNTED.values())) == 88


def test_every_sample_is_compared() -> None:
    for page in PAGES.values():
        for sample in page.samples:
            assert sample.answer or sample.text or sample.answer_headers


def test_every_exception_is_used() -> None:
    data = "".join(file.read_text("utf-8") for file in FOLDER.glob("*.toml"))
    assert set(re.findall(r'"(\+\w+)"', data)) == set(ADDED)
    assert set(re.findall(r'"… (\w+)"|"…": "(\w+)"', data)) == {("mvpds", ""), ("", "attributes")}
    assert set(OPEN) == {"mvpds", "attributes"}


@pytest.mark.parametrize(
    ("pattern", "actual"),
    [
        ({"a": 1}, {"a": 1, "b": 2}),
        ({"a": 1, "b": 2}, {"a": 1}),
        ({"a": 1}, {"a": "1"}),
        ({"a": True}, {"a": 1}),
        ({"a": "<ms>"}, {"a": "1752149281000"}),
        ({"a": "<ms text>"}, {"a": 1752149281000}),
        ({"a": "<ms>"}, {"a": 1752149281}),
        ({"a": "/x/<code>"}, {"a": "/x/ABCDEF"}),
        ({"a": "/x/<code>"}, {"a": "/x/ABCDEF1/y"}),
        ({"a": "<plain>"}, {"a": {"value": "x", "state": "enc"}}),
        ({"a": "<plain>"}, {"a": {"value": "", "state": "plain"}}),
        ({"b": 1, "…": "attributes"}, {"c": 1}),
        ([{"id": "x", "n": 1}, "… mvpds"], [{"id": "y", "n": 1}]),
        ([{"id": "x", "n": 1}, "… mvpds"], [{"id": "x", "n": 1, "m": 2}]),
        ([1, 2], [1, 2, 3]),
        ([1, 2], {"0": 1}),
        ({"+trace": "<uuid>"}, {}),
    ],
)
def test_a_wrong_answer_is_detected(pattern: object, actual: object) -> None:
    assert list(mismatches(pattern, actual, {})) != []


def test_a_code_is_the_one_of_the_request() -> None:
    assert list(mismatches({"code": "<code>"}, {"code": "ABCDEF1"}, {"code": "ABCDEF2"})) != []


def test_the_table_in_the_docs_is_up_to_date() -> None:
    """`python -m tests.mock_server.sample_table` writes it."""
    assert sample_table.PAGE.read_text("utf-8") == sample_table.render(PAGES)
