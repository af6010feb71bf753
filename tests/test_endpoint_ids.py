"""Ids of endpoints in rules, load, fixtures and documents: each is the id of a row of routes.py."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from pass_harness.conformance.facts import exchanges as facts
from pass_harness.conformance.facts.documented_requests import EVERYWHERE, HEADERS, PARAMETERS, PREFIXES
from pass_harness.conformance.facts.exchanges import sent_by_browser
from pass_harness.conformance.facts.sessions import POLL_ENDPOINTS
from pass_harness.conformance.registry import all_rules
from pass_harness.conformance.rules.headers.content_type import TYPES
from pass_harness.load.forecast.call_ledger import ENDPOINTS as FORECAST
from pass_harness.load.forecast.call_simulation import NEEDS_NO_TOKEN
from pass_harness.load.run_statistics import BROWSER as OF_BROWSERS
from pass_harness.mock_server.gateway.cors import PREFLIGHT
from pass_harness.mock_server.gateway.endpoint import BROWSER, DCR, REST, Endpoint
from pass_harness.mock_server.openapi.operations import OPERATIONS
from pass_harness.mock_server.routes import ENDPOINTS
from tests.load.load_traces import exchange

ROOT = Path(__file__).parent.parent
ROWS = {endpoint.id: endpoint for endpoint in (*ENDPOINTS, PREFLIGHT)}
FACTS = "conformance/facts/exchanges.py"
FOLDERS = ("conformance", "docs", "fixtures", "load", "mock_server")
SUFFIXES = {".py", ".md", ".toml", ".js", ".json", ".html", ".yaml"}
_PREFIXES = "|".join(sorted({id_.partition(".")[0] for id_ in ROWS if "." in id_}))
_ID = re.compile(
    rf"""(?P<q>["'`])(?P<id>(?:{_PREFIXES})\.[a-z*-]*)(?P=q)|\bendpoint"?\s*[!=:]=?\s*["'](?P<named>[a-z][a-z.*-]*)["']"""
)


def written(text: str) -> Iterator[tuple[int, str]]:
    """Yield line and text of quoted ids: strings that begin like one, except file names, and ``endpoint`` values."""
    for number, line in enumerate(text.splitlines(), 1):
        for found in _ID.finditer(line):
            id_ = found["named"] or found["id"]
            if f".{id_.partition('.')[2]}" not in SUFFIXES:
                yield number, id_


def known(id_: str) -> bool:
    """Return True for the id of a row, and for a pattern or a prefix of one."""
    if id_.endswith((".", "*")):
        return any(row.startswith(id_.rstrip("*")) for row in ROWS)
    return id_ in ROWS


def files() -> Iterator[Path]:
    for folder in FOLDERS:
        yield from (path for path in (ROOT / folder).rglob("*") if path.suffix in SUFFIXES and path.is_file())
    yield from ROOT.glob("*.md")


def test_every_id_in_code_and_documents_is_that_of_an_endpoint() -> None:
    found = [
        (f"{path.relative_to(ROOT)}:{number}", id_)
        for path in files()
        for number, id_ in written(path.read_text("utf-8"))
    ]
    assert len(found) > 200
    assert [
        f"{place}: {id_} is not the id of an endpoint (routes.py)" for place, id_ in found if not known(id_)
    ] == []


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ('if endpoint == "dcr.tokens":', ["dcr.tokens"]),
        ("match = { endpoint = 'decisions.authorise' }", ["decisions.authorise"]),
        ("`profiles.code` and `profiles.mvpds`", ["profiles.mvpds"]),
        ('"browsers.*", "browser.x*", "decisions.*", "dcr."', ["browser.x*"]),
        ('endpoint = "browsers.*"', ["browsers.*"]),
        ('{"endpoint": "profile"} or endpoint="logout"', ["profile"]),
        ('"sessions.py" and "sessions.md"', []),
    ],
)
def test_a_typing_error_in_an_id_is_detected(text: str, wrong: list[str]) -> None:
    assert [id_ for _, id_ in written(text) if not known(id_)] == wrong


def test_rules_watch_endpoints_that_exist() -> None:
    known_ids = ROWS.keys() | {""}  # an unknown path, like one of REST API V1
    unknown = {rule.card.id: rule.watches - known_ids for rule in all_rules() if rule.watches is not None}
    assert {id_: endpoints for id_, endpoints in unknown.items() if endpoints} == {}


def called(endpoint: Endpoint) -> bool:
    """Returns True for what a service calls: not for pages, and not for the Reset TempPass API, an operator's."""
    return endpoint.family in (DCR, REST) and not endpoint.is_page


CALLED = {endpoint.id: endpoint for endpoint in ENDPOINTS if called(endpoint)}


def test_the_sets_of_the_rules_agree_with_the_rows() -> None:
    """Rules see exchanges only, so they have their own sets; a new row must be added to these."""
    assert {id_ for id_, row in CALLED.items() if row.family is DCR} == facts.DCR, f"DCR in {FACTS}"
    assert {id_ for id_, row in CALLED.items() if row.needs_token} == facts.NEEDS_TOKEN, f"NEEDS_TOKEN in {FACTS}"
    assert {id_ for id_, row in CALLED.items() if row.needs_device} == facts.NEEDS_DEVICE, f"NEEDS_DEVICE in {FACTS}"
    assert {row.id for row in ENDPOINTS if row.answers_by_resource} == facts.DECISIONS, f"DECISIONS in {FACTS}"
    for ids in (facts.SESSIONS, facts.PROFILE_ANSWERS, POLL_ENDPOINTS, set(FORECAST), set(NEEDS_NO_TOKEN)):
        assert ids <= CALLED.keys()


def test_browsers_open_the_same_endpoints_for_rules_and_load() -> None:
    pages = {row.id for row in ENDPOINTS if row.is_page}
    assert {id_ for id_ in ROWS if sent_by_browser(exchange(1, 0.0, id_))} == pages | {PREFLIGHT.id}
    assert {id_ for id_ in ROWS if id_.startswith(OF_BROWSERS)} == pages
    assert {row.id for row in ENDPOINTS if row.family is BROWSER} == pages - {"authenticate"}


def test_the_rules_read_the_bodies_of_the_rows() -> None:
    bodies = {id_: row.body for id_, row in CALLED.items() if row.body is not None}
    assert {id_: body.media_type for id_, body in bodies.items()} == TYPES, (
        "TYPES in conformance/rules/headers/content_type.py"
    )
    place = "PARAMETERS in conformance/facts/documented_requests.py"
    assert CALLED.keys() == PARAMETERS.keys(), place
    for id_, row in CALLED.items():
        query = {parameter.name for parameter in OPERATIONS[id_].parameters if parameter.where == "query"}
        documented = query | (row.body.parameters if row.body else frozenset())
        assert documented <= PARAMETERS[id_], f"{id_}: {place}"
        sent = {p.name.lower() for p in OPERATIONS[id_].parameters if p.where == "header"}
        assert {name for name in sent if name.startswith(PREFIXES)} <= EVERYWHERE | HEADERS.get(id_, set()), f"{id_}"
    assert HEADERS.keys() <= CALLED.keys()
