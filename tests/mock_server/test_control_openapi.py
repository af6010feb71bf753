"""The OpenAPI document of the control API: complete, valid, served; and the page that shows it."""

from __future__ import annotations

import json
import re
from http import HTTPStatus
from typing import Any

import jsonschema_rs
import pytest
from click.testing import CliRunner
from starlette.routing import Route

from pass_harness.mock_server import api_page
from pass_harness.mock_server.cli.main import main
from pass_harness.mock_server.config.settings import Settings
from pass_harness.mock_server.control.unknown_calls import UnknownCalls
from pass_harness.mock_server.openapi.control_document import control_document
from pass_harness.mock_server.openapi.control_operations import CONTROL_OPERATIONS, PAGES, ControlOperation
from pass_harness.mock_server.routes import CONTROL_CALLS
from tests.mock_server.conftest import Mock

pytestmark = pytest.mark.anyio
CALLS = [(method, path) for method, path, _ in CONTROL_CALLS]
DOCUMENT = control_document(CALLS)


def operations() -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (method.upper(), path, operation)
        for path, methods in DOCUMENT["paths"].items()
        for method, operation in methods.items()
    ]


async def test_every_route_is_in_the_document_and_nothing_else(mock: Mock) -> None:
    routes = {
        (method, route.path if route.path != "/_mock" else "/_mock/")
        for route in mock.app.routes
        if isinstance(route, Route) and route.path.startswith("/_mock") and not answers_unknown_calls(route)
        for method in (route.methods or ()) - {"HEAD"}
    }
    assert {(method, path) for method, path, _ in operations()} == routes
    assert set(CONTROL_OPERATIONS) == set(CALLS)


def answers_unknown_calls(route: Route) -> bool:
    return getattr(route.endpoint, "__qualname__", "") == UnknownCalls.refuse.__qualname__


def test_a_call_without_a_description_is_refused_with_the_place_to_add_it() -> None:
    with pytest.raises(ValueError, match=r"GET /new has no .*control_operations\.py"):
        control_document([*CALLS, ("GET", "/new")])


def test_the_document_is_valid_openapi() -> None:
    pages = [operation for _, path, operation in operations() if operation["tags"] == ["pages"]]
    assert len(pages) == len(PAGES)
    assert all(operation["security"] == [] for operation in pages)
    names = [operation["operationId"] for _, _, operation in operations()]
    assert len(names) == len(set(names))
    assert {tag["name"] for tag in DOCUMENT["tags"]} == {tag for _, _, one in operations() for tag in one["tags"]}
    for name, schema in DOCUMENT["components"]["schemas"].items():
        assert jsonschema_rs.meta.is_valid({"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}), (
            name
        )


def test_every_reference_resolves_and_every_component_is_used() -> None:
    references = {word for word in json.dumps(DOCUMENT).split('"') if word.startswith("#/")}
    components = DOCUMENT["components"]
    known = {f"#/components/{kind}/{name}" for kind in ("schemas", "responses") for name in components[kind]}
    assert references == known


@pytest.mark.parametrize(("call", "operation"), CONTROL_OPERATIONS.items(), ids=str)
def test_path_parameters_and_examples_belong_to_the_call(call: tuple[str, str], operation: ControlOperation) -> None:
    names = [parameter.name for parameter in operation.parameters if parameter.where == "path"]
    assert names == re.findall(r"\{(\w+)\}", call[1])
    written = DOCUMENT["paths"][f"/_mock{call[1]}"][call[0].lower()]
    for parameter in written["parameters"]:
        if "example" in parameter:
            jsonschema_rs.validate(parameter["schema"], parameter["example"])
    if operation.body:
        content = written["requestBody"]["content"]["application/json"]
        jsonschema_rs.validate({**content["schema"], "components": DOCUMENT["components"]}, content["example"])


async def test_the_document_is_served_in_each_space_without_a_token_or_a_journal_entry() -> None:
    mock = Mock(Settings(control_token="s3cret"))
    assert (await mock.http.get("/_mock/openapi.json")).json() == DOCUMENT
    assert (await mock.at("/~other").get("/_mock/openapi.json")).json()["servers"] == [{"url": "/~other"}]
    journal = await mock.http.get("/_mock/exchanges", headers={"Authorization": "Bearer s3cret"})
    assert journal.json()["exchanges"] == []


def test_the_command_prints_the_document() -> None:
    done = CliRunner().invoke(main, ["openapi", "--control"])
    assert done.exit_code == 0
    printed = json.loads(done.stdout)
    assert printed["paths"] == DOCUMENT["paths"]
    assert printed["servers"] == [{"url": "http://127.0.0.1:8300"}]
    wrong = CliRunner().invoke(main, ["openapi", "--control", "--diff"])
    assert wrong.exit_code == 2
    assert "--control" in wrong.output


async def test_the_page_loads_only_files_of_the_mock(mock: Mock) -> None:
    answer = await mock.http.get("/~build-42/_mock/docs")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'" in policy
    assert "unsafe" not in policy
    for inline in (r"<style", r"\sstyle=", r"\son\w+=", r"<script(?![^>]* src=)"):
        assert re.search(inline, answer.text) is None
    files = re.findall(r'(?:src|href)="([\w/.-]+\.(?:js|css))"', answer.text)
    assert len(files) == 4
    for file in files:
        found = await mock.http.get(f"/~build-42/_mock/{file}")
        assert found.status_code == HTTPStatus.OK, file
        assert found.headers["content-security-policy"] == policy


async def test_a_slash_at_the_end_is_removed_within_the_space(mock: Mock) -> None:
    answer = await mock.http.get("/~build-42/_mock/docs/")
    assert (answer.status_code, answer.headers["location"]) == (308, "/~build-42/_mock/docs")


async def test_without_the_extra_the_page_names_it(mock: Mock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pass_harness.mock_server.optional_dependencies.find_spec", lambda _: None)
    answer = await mock.http.get("/_mock/docs")
    assert answer.status_code == 404
    assert "pip install 'pass-harness[swagger]'" in answer.text
    monkeypatch.setattr(api_page, "find_spec", lambda _: None)
    assert [route for route in api_page.api_page_routes() if "swagger" in str(route)] == []
