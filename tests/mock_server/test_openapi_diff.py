"""``pass-mock openapi --diff``: each kind of difference is found, in copies of the mock's own document."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from pass_harness.mock_server.cli.main import main
from pass_harness.mock_server.openapi.comparison import Difference
from pass_harness.mock_server.openapi.departures import departure_of, known_departures
from tests.mock_server.answer_check import DOCUMENT

Changed = Callable[[dict[str, Any]], Any]
SESSIONS = "/api/v2/{serviceProvider}/sessions"
CREATE = f"POST {SESSIONS}"
PROFILES = "GET /api/v2/{serviceProvider}/profiles"


def diff(folder: Path, document: dict[str, Any], *options: str) -> Result:
    file = folder / "adobe.json"
    file.write_text(json.dumps(document), "utf-8")
    return CliRunner().invoke(main, ["openapi", "--diff", *options, str(file)])


def changed(change: Changed) -> dict[str, Any]:
    document = copy.deepcopy(DOCUMENT)
    change(document)
    return document


def schema(document: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = document["components"]["schemas"][name]
    return found


def member(document: dict[str, Any], name: str, key: str, value: object) -> None:
    schema(document, name)["properties"][key] = value


def create(document: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = document["paths"][SESSIONS]["post"]
    return found


def parameter(document: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(each for each in create(document)["parameters"] if each["name"] == name)
    return found


def test_the_own_document_has_no_differences(tmp_path: Path) -> None:
    done = diff(tmp_path, DOCUMENT)
    assert done.exit_code == 0
    operations = sum(map(len, DOCUMENT["paths"].values()))
    assert done.stdout.rstrip().endswith(f"{operations} operations, 0 differences, and 0 known")


FOUND: dict[str, tuple[Changed, str]] = {
    "path": (
        lambda its: its["paths"].update({"/api/v2/{provider}/news": {"get": {"responses": {}}}}),
        "GET /api/v2/{provider}/news: operation is missing here",
    ),
    "method": (
        lambda its: its["paths"][SESSIONS].update({"put": {"responses": {}}}),
        f"PUT {SESSIONS}: operation is missing here",
    ),
    "parameter": (
        lambda its: create(its)["parameters"].append({"name": "page", "in": "query"}),
        f"{CREATE}: query parameter page is missing here",
    ),
    "parameter they require": (
        lambda its: parameter(its, "AP-Visitor-Identifier").update(required=True),
        f"{CREATE}: header parameter AP-Visitor-Identifier is required there, optional here",
    ),
    "parameter they do not require": (
        lambda its: parameter(its, "AP-Device-Identifier").update(required=False),
        f"{CREATE}: header parameter AP-Device-Identifier is optional there, required here",
    ),
    "type of a parameter": (
        lambda its: parameter(its, "AP-Visitor-Identifier").update(schema={"type": "integer"}),
        f"{CREATE}: header parameter AP-Visitor-Identifier is integer there, string here",
    ),
    "media type of a request": (
        lambda its: create(its)["requestBody"]["content"].update({"text/xml": {}}),
        f"{CREATE}: request text/xml is missing here",
    ),
    "member of a request": (
        lambda its: member(its, "SessionRequest", "device", {"type": "string"}),
        f"{CREATE}: request $.device is missing here",
    ),
    "type of a request's member": (
        lambda its: member(its, "SessionRequest", "mvpd", {"type": ["string", "integer"]}),
        f"{CREATE}: request $.mvpd is integer or string there, string here",
    ),
    "status": (
        lambda its: create(its)["responses"].update({"409": {"description": "Conflict"}}),
        f"{CREATE}: response 409 is missing here",
    ),
    "member of an answer": (
        lambda its: member(its, "SessionAnswer", "qr", {"type": "string"}),
        f"{CREATE}: response 200 $.qr is missing here",
    ),
    "type of an answer's member": (
        lambda its: member(its, "SessionAnswer", "notBefore", {"type": "integer"}),
        f"{CREATE}: response 200 $.notBefore is integer there, string here",
    ),
    "member that answers promise": (
        lambda its: schema(its, "SessionAnswer")["required"].append("code"),
        f"{CREATE}: response 200 $.code is required there, optional here",
    ),
    "value they have": (
        lambda its: schema(its, "SessionAnswer")["properties"]["actionType"]["enum"].append("silent"),
        f"{CREATE}: response 200 $.actionType lacks the values silent here",
    ),
    "value they lack": (
        lambda its: schema(its, "SessionAnswer")["properties"]["actionType"]["enum"].remove("direct"),
        f"{CREATE}: response 200 $.actionType has values here that are not there: direct",
    ),
    "items of a list": (
        lambda its: member(its, "SessionAnswer", "missingParameters", {"type": "array", "items": {"type": "object"}}),
        f"{CREATE}: response 200 $.missingParameters[] is object there, string here",
    ),
    "entries of a map": (
        lambda its: member(its, "ProfileEntry", "attributes", {"additionalProperties": {"type": "integer"}}),
        f"{PROFILES}: response 200 $.profiles.*.attributes.* is integer there, object here",
    ),
}


@pytest.mark.parametrize("name", FOUND)
def test_a_difference_is_found(name: str, tmp_path: Path) -> None:
    change, expected = FOUND[name]
    done = diff(tmp_path, changed(change))
    assert done.exit_code == 1, done.output
    operation, _, finding = expected.partition(": ")
    lines = done.stdout.splitlines()
    at = lines.index(f"  {operation}")
    assert f"    {finding}" in lines[at + 1 :]


IGNORED: dict[str, Changed] = {
    "names of path parameters, and a slash at the end": lambda its: its["paths"].update(
        {"/api/v2/{sp}/sessions/": its["paths"].pop(SESSIONS)}
    ),
    "the base path": lambda its: its.update(
        servers=[{"url": "https://sp.example/api/v2"}],
        paths={path[len("/api/v2") :]: its["paths"][path] for path in its["paths"] if path.startswith("/api/v2")},
    ),
    "what the mock has beyond them": lambda its: its["paths"].pop(SESSIONS),
    "media types and Accept as parameters": lambda its: create(its)["parameters"].append(
        {"name": "Accept", "in": "header", "required": True}
    ),
}


@pytest.mark.parametrize("name", IGNORED)
def test_what_clients_do_not_notice_is_no_difference(name: str, tmp_path: Path) -> None:
    done = diff(tmp_path, changed(IGNORED[name]))
    assert (done.exit_code, " 0 differences, and 0 known" in done.stdout) == (0, True), done.output


def test_a_known_difference_is_counted_and_listed_on_request(tmp_path: Path) -> None:
    document = changed(lambda its: schema(its, "DecisionsRequest")["required"].clear())
    done = diff(tmp_path, document)
    assert (done.exit_code, done.stdout.count("\n")) == (0, 1)
    assert " 0 differences, and 2 known" in done.stdout
    listed = diff(tmp_path, document, "--all")
    assert listed.exit_code == 0
    assert listed.stdout.count("[decisions-need-resources: The API pages mark it as required.") == 2


def test_every_known_departure_covers_what_it_names() -> None:
    for departure in known_departures():
        for place in departure.places:
            operation, *texts = (
                text.replace("*", "x") for text in (departure.operations[0], place, departure.finding)
            )
            assert departure_of(Difference(operation, *texts)) is departure, departure.id


@pytest.mark.parametrize("arguments", [["some.json"], ["--all"], ["--diff"], ["--diff", "missing.json"]])
def test_wrong_usage_is_an_error(arguments: list[str]) -> None:
    assert CliRunner().invoke(main, ["openapi", *arguments]).exit_code == 2
