"""Generator of the Postman and Bruno collections with all calls: ``python -m clients.tooling.collections``.

Methods, paths, headers and assertions come from the two OpenAPI documents, order and values from flow.py.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from clients.tooling.flow import FOLDERS, KEPT, VARIABLES, Step
from pass_harness.mock_server.openapi.control_document import control_document
from pass_harness.mock_server.openapi.document import document
from pass_harness.mock_server.routes import CONTROL_CALLS, ENDPOINTS

COLLECTIONS = Path(__file__).parents[1] / "collections"
_TITLE = "Pass Harness"
_JSON = "application/json"
_POSTMAN_SCHEMA = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
_DOCUMENTS = (document(ENDPOINTS), control_document([(method, path) for method, path, _ in CONTROL_CALLS]))


@dataclass(frozen=True)
class _Call:
    """A step with the method, path and contents that its operation gives it."""

    step: Step
    name: str
    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    json: Any
    checks: tuple[str, ...]
    """Statements of JavaScript with ``status``, ``type`` and ``body``."""


def operations() -> dict[str, tuple[str, str, dict[str, Any], dict[str, Any]]]:
    """Return method, path, operation and document by the id of the operation."""
    return {
        operation["operationId"]: (method.upper(), path, operation, found)
        for found in _DOCUMENTS
        for path, methods in found["paths"].items()
        for method, operation in methods.items()
    }


def collections() -> dict[str, str]:
    """Return the contents of all files by their path below clients/collections/."""
    known = operations()
    folders = [(folder.name, [_call(step, *known[step.operation]) for step in folder.steps]) for folder in FOLDERS]
    return {"postman.json": _written(_postman(folders)), **dict(_bruno(folders))}


def _call(step: Step, method: str, path: str, operation: dict[str, Any], found: dict[str, Any]) -> _Call:
    values = {"code": "{{code}}", **step.values}
    where: dict[str, dict[str, str]] = {"path": {}, "query": {}, "header": {}}
    for parameter in operation["parameters"]:
        name = parameter["name"]
        if name in step.values or parameter["required"]:
            where[parameter["in"]][name] = values.get(name) or parameter["example"]
    headers = where["header"]
    if "accessToken" in found["components"]["securitySchemes"]:
        if operation["security"]:
            headers["Authorization"] = "Bearer {{accessToken}}"
    elif "security" not in operation:
        headers["Authorization"] = "Bearer {{controlToken}}"
    content = operation.get("requestBody", {}).get("content", {})
    body = step.json if step.json is not None else content.get(_JSON, {}).get("example")
    return _Call(
        step=step,
        name=step.name or operation["summary"],
        method=method,
        path=re.sub(r"\{(\w+)\}", lambda found: where["path"][found[1]], path),
        query=where["query"],
        headers=headers,
        json=body if step.form is None else None,
        checks=tuple(_checks(step, operation["responses"], found)),
    )


def _checks(step: Step, responses: dict[str, Any], found: dict[str, Any]) -> Iterator[str]:
    """Yield the assertions of a call: status, media type and required members of the document."""
    yield f"expect(status).to.be.oneOf({json.dumps(step.statuses)});"
    [first, *others] = step.statuses
    content = responses[str(first)].get("content", {})
    if not content or others:
        return
    yield f"expect(type).to.match(/^({'|'.join(re.escape(kind).replace('/', chr(92) + '/') for kind in content)})/);"
    schema = content.get(_JSON, {}).get("schema", {})
    if "$ref" in schema:
        schema = found["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
    if required := schema.get("required"):
        yield f"expect(body).to.include.all.keys({', '.join(map(json.dumps, required))});"


def _postman(folders: list[tuple[str, list[_Call]]]) -> dict[str, Any]:
    variables = [{"key": name, "value": value, "description": about} for name, (value, about) in VARIABLES.items()]
    return {
        "info": {"name": _TITLE, "schema": _POSTMAN_SCHEMA},
        "variable": [*variables, *({"key": name, "value": ""} for name in KEPT)],
        "item": [{"name": name, "item": [_postman_item(call) for call in calls]} for name, calls in folders],
    }


def _postman_item(call: _Call) -> dict[str, Any]:
    query = "&".join(f"{name}={_encoded(value)}" for name, value in call.query.items())
    request: dict[str, Any] = {
        "method": call.method,
        "header": [{"key": name, "value": value} for name, value in call.headers.items()],
        "url": f"{{{{mock}}}}/~{{{{space}}}}{call.path}{f'?{query}' if query else ''}",
    }
    if call.step.form is not None:
        fields = [{"key": name, "value": value} for name, value in call.step.form.items()]
        request["body"] = {"mode": "urlencoded", "urlencoded": fields}
    elif call.json is not None:
        options = {"raw": {"language": "json"}}
        request["body"] = {"mode": "raw", "raw": json.dumps(call.json, indent=2), "options": options}
    script = [
        "const status = pm.response.code, type = pm.response.headers.get('Content-Type') ?? '';",
        "const body = type.startsWith('application/json') ? pm.response.json() : pm.response.text();",
        "const { expect } = pm;",
        "pm.test('is as documented', () => {",
        *(f"  {check}" for check in call.checks),
        "});",
        *(f"pm.collectionVariables.set('{name}', {_member(path)});" for name, path in call.step.keeps.items()),
    ]
    return {
        "name": call.name,
        "protocolProfileBehavior": {"followRedirects": False},
        "request": request,
        "event": [{"listen": "test", "script": {"type": "text/javascript", "exec": script}}],
    }


def _bruno(folders: list[tuple[str, list[_Call]]]) -> Iterator[tuple[str, str]]:
    yield "bruno/bruno.json", _written({"version": "1", "name": _TITLE, "type": "collection"})
    yield "bruno/environments/local.bru", _block("vars", {name: value for name, (value, _) in VARIABLES.items()})
    for place, (folder, calls) in enumerate(folders, 1):
        name = f"bruno/{place} {folder}"
        yield f"{name}/folder.bru", _block("meta", {"name": folder, "seq": str(place)})
        for number, call in enumerate(calls, 1):
            yield f"{name}/{number:02} {_file_name(call.name)}.bru", _bruno_file(call, number)


def _bruno_file(call: _Call, number: int) -> str:
    query = "&".join(f"{name}={_encoded(value)}" for name, value in call.query.items())
    kind = "formUrlEncoded" if call.step.form is not None else "none" if call.json is None else "json"
    url = f"{{{{mock}}}}/~{{{{space}}}}{call.path}{f'?{query}' if query else ''}"
    blocks = [
        _block("meta", {"name": call.name, "type": "http", "seq": str(number)}),
        _block(call.method.lower(), {"url": url, "body": kind, "auth": "none"}),
    ]
    if call.headers:
        blocks.append(_block("headers", call.headers))
    if call.step.form is not None:
        blocks.append(_block("body:form-urlencoded", call.step.form))
    elif call.json is not None:
        blocks.append(_text_block("body:json", json.dumps(call.json, indent=2).splitlines()))
    if call.step.keeps:
        kept = [f"bru.setVar('{name}', {_member(path)});" for name, path in call.step.keeps.items()]
        blocks.append(_text_block("script:post-response", ["const body = res.getBody();", *kept]))
    test = [
        "const status = res.getStatus(), type = res.getHeader('content-type') ?? '', body = res.getBody();",
        "test('is as documented', () => {",
        *(f"  {check}" for check in call.checks),
        "});",
    ]
    blocks.append(_text_block("tests", test))
    blocks.append(_block("settings", {"encodeUrl": "false", "followRedirects": "false"}))
    return "\n".join(blocks)


def _member(path: str) -> str:
    """Return the expression for a member of ``body`` by its dotted path."""
    return "body" + "".join(
        f"[{json.dumps(int(part) if part.isdigit() else part)}]" for part in path.split(".") if part
    )


def _block(name: str, members: Mapping[str, str]) -> str:
    return _text_block(name, [f"{key}: {value}".rstrip() for key, value in members.items()])


def _text_block(name: str, lines: list[str]) -> str:
    return "\n".join([f"{name} {{", *(f"  {line}" for line in lines), "}", ""])


def _encoded(value: str) -> str:
    return quote(value, safe="{}")


def _file_name(name: str) -> str:
    return re.sub(r"[^\w ,.()-]", "", name)


def _written(content: object) -> str:
    return json.dumps(content, indent=2) + "\n"


if __name__ == "__main__":
    shutil.rmtree(COLLECTIONS, ignore_errors=True)
    for name, text in collections().items():
        file = COLLECTIONS / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
