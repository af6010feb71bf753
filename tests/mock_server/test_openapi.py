"""The OpenAPI document: complete, valid, served and printed; and the check of answers against it."""

from __future__ import annotations

import json
from typing import Any

import httpx
import jsonschema_rs
import pytest
from click.testing import CliRunner

from pass_harness.mock_server.cli.main import main
from pass_harness.mock_server.openapi.operation import Operation
from pass_harness.mock_server.openapi.operations import OPERATIONS
from pass_harness.mock_server.routes import ENDPOINTS
from tests.mock_server.answer_check import DOCUMENT, check
from tests.mock_server.conftest import Mock

pytestmark = pytest.mark.anyio
ERROR = {
    "action": "none",
    "status": 400,
    "code": "invalid_parameter_code",
    "message": "m",
    "helpUrl": "h",
    "trace": "t",
}


def operations() -> list[dict[str, Any]]:
    return [operation for path in DOCUMENT["paths"].values() for operation in path.values()]


def test_every_endpoint_is_described_and_nothing_else() -> None:
    assert set(OPERATIONS) == {endpoint.id for endpoint in ENDPOINTS}
    assert [operation["operationId"] for operation in operations()] == [endpoint.id for endpoint in ENDPOINTS]


def test_every_reference_and_link_resolves() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    references = {word for word in json.dumps(DOCUMENT).split('"') if word.startswith("#/")}
    assert references == {f"#/components/schemas/{name}" for name in schemas}
    ids = {operation["operationId"]: operation for operation in operations()}
    for operation in operations():
        for answer in operation["responses"].values():
            for link in answer.get("links", {}).values():
                target = ids[link["operationId"]]
                there = {f"{parameter['in']}.{parameter['name']}" for parameter in target["parameters"]}
                assert set(link.get("parameters", {})) <= there
                # OpenAPI Generator refuses a document with another body than a string.
                body = link.get("requestBody", "")
                assert isinstance(body, str)
                content = target.get("requestBody", {}).get("content", {})
                assert not body or "application/x-www-form-urlencoded" in content


def test_every_example_is_valid() -> None:
    for operation in operations():
        for parameter in operation["parameters"]:
            if "example" in parameter:
                jsonschema_rs.validate(parameter["schema"], parameter["example"])


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=list(OPERATIONS))
def test_no_parameter_is_named_twice(operation: Operation) -> None:
    names = [(parameter.where, parameter.name.lower()) for parameter in operation.parameters]
    assert len(names) == len(set(names))


def test_parameters_are_optional_or_required_as_on_the_api_pages() -> None:
    required = {
        operation["operationId"]: {one["name"]: one["required"] for one in operation["parameters"]}
        for operation in operations()
    }
    assert required["temppass.reset"] == {"requestor_id": True, "mvpd_id": True, "device_id": False}
    assert required["temppass.reset-generic"] == {"requestor_id": True, "mvpd_id": True, "key": False}
    assert required["profiles.code"]["AP-TempPass-Identity"] is False


async def test_the_document_is_served_in_each_space_and_not_journalled(throttling_mock: Mock) -> None:
    for _ in range(20):
        answer = await throttling_mock.http.get("/openapi.json")
        assert answer.status_code == 200
    assert answer.json() == DOCUMENT
    async with throttling_mock.at("/~other") as other:
        assert (await other.get("/openapi.json")).json()["servers"] == [{"url": "/~other"}]
    assert await throttling_mock.exchanges() == []


def test_the_command_prints_the_document() -> None:
    done = CliRunner().invoke(main, ["openapi"])
    assert done.exit_code == 0
    assert json.loads(done.stdout)["paths"] == DOCUMENT["paths"]


@pytest.mark.parametrize(
    ("status", "content", "complaint"),
    [
        (200, {"profiles": {}}, None),
        (200, {"profiles": {"m": {"type": "regular"}}}, "required"),
        (200, {"profiles": {}, "surprise": 1}, r"\$.surprise: the document does not have it"),
        (400, ERROR, None),
        (400, ERROR | {"code": "made_up"}, "made_up"),
        (418, ERROR, "knows no 418"),
        (405, ERROR, "knows no JSON with 405"),
    ],
)
def test_the_check_of_answers_detects_deviations(status: int, content: object, complaint: str | None) -> None:
    response = httpx.Response(status, json=content)
    for path in ("/api/v2/REF30/profiles", "/~space/api/v2/REF30/profiles/"):
        if complaint is None:
            check("GET", path, response)
        else:
            with pytest.raises(AssertionError, match=complaint):
                check("GET", path, response)
