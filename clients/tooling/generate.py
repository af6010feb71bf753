"""Generator of the control clients for Go and Java: ``python -m clients.tooling.generate`` writes them.

OpenAPI Generator reads the document of the control API and fills one template for each language, so that a client is
one file: its own templates make some 20,000 lines of it.
"""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import tempfile
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from pass_harness.mock_server.openapi.control_document import control_document
from pass_harness.mock_server.routes import CONTROL_CALLS

CLIENTS = Path(__file__).parents[1]
TEMPLATES = Path(__file__).with_name("templates")
OUTPUTS = {"go": CLIENTS / "go" / "control.go", "java": CLIENTS / "java/src/main/java/passharness/Control.java"}
"""The client of each language, by the name of its generator."""
LEFT_OUT = frozenset({"events"})
"""Operations without a method: the stream of events has no end, so it is no call with an answer."""
_NULL = {"type": "null"}
_TIMEOUT_S = 300


def generated(language: str) -> str:
    """Return the client in a language; needs Java, the package openapi-generator-cli, and gofmt for Go."""
    output = OUTPUTS[language]
    with tempfile.TemporaryDirectory() as folder:
        document, options = Path(folder, "openapi.json"), Path(folder, "options.json")
        document.write_text(json.dumps(simplified_document()), "utf-8")
        template = {"folder": "", "destinationFilename": output.name, "templateType": "SupportingFiles"}
        options.write_text(json.dumps({"files": {f"{output.name}.mustache": template}}), "utf-8")
        # Java with the generator of an installed package.
        subprocess.run(  # noqa: S603
            [
                *("java", "-jar", str(_jar()), "generate", "-g", language, "-i", str(document), "-c", str(options)),
                *("-t", str(TEMPLATES), "-o", folder, "--skip-validate-spec"),
                *("--additional-properties", "hideGenerationTimestamp=true,enumClassPrefix=false"),
            ],
            check=True,
            capture_output=True,
            timeout=_TIMEOUT_S,
        )
        made = Path(folder, output.name)
        if language == "go":
            subprocess.run(["gofmt", "-w", str(made)], check=True, timeout=_TIMEOUT_S)  # noqa: S603, S607 - as above
        text = made.read_text("utf-8").replace("DIGEST", digest(), 1)
        return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def simplified_document() -> dict[str, Any]:
    """Return the simplified document of the control API of this checkout."""
    return simplified(control_document([call[:2] for call in CONTROL_CALLS]))


def digest() -> str:
    """Return a digest of what a client is generated from: it shows without a generator that a client is stale."""
    document = simplified_document()
    source = json.dumps([document["paths"], document["components"]], sort_keys=True)
    return hashlib.sha256(source.encode()).hexdigest()[:16]


def simplified(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the document for generators of typed clients.

    A value of one of several types may be anything, a member that may be null is optional, a value of an enum is a
    string, and a number has 64 bits. All calls have the tag Control.
    """
    enums = {
        f"#/components/schemas/{name}"
        for name, schema in document["components"]["schemas"].items()
        if "enum" in schema
    }
    plain: dict[str, Any] = _simple(document, enums)
    schemas = plain["components"]["schemas"]
    for name in [name for name in schemas if f"#/components/schemas/{name}" in enums]:
        del schemas[name]
    for path, methods in [*plain["paths"].items()]:
        for method, operation in [*methods.items()]:
            if operation["operationId"] in LEFT_OUT or operation["tags"] == ["pages"]:
                del methods[method]
            operation["tags"] = ["Control"]
        if not methods:
            del plain["paths"][path]
    return plain


def _simple(value: Any, enums: set[str]) -> Any:  # noqa: ANN401 - a value of JSON
    if isinstance(value, list):
        return [_simple(item, enums) for item in value]
    if not isinstance(value, dict):
        return value
    if value.get("$ref") in enums:
        return {"type": "string"}
    if "anyOf" in value:
        choices = [choice for choice in value["anyOf"] if choice != _NULL]
        about = {"description": value["description"]} if "description" in value else {}
        return {**about, **_simple(choices[0], enums)} if len(choices) == 1 else about
    plain = {name: _simple(member, enums) for name, member in value.items() if name not in _IGNORED}
    if isinstance(plain.get("type"), list):
        plain["type"] = plain["type"][0]
    if plain.get("type") == "integer":
        plain["format"] = "int64"
    if plain.get("type") == "number":
        plain["format"] = "double"
    if plain.get("type") == "array":
        plain["items"] = plain["items"] or {"type": "string"}  # false in a pair of durations
    if isinstance(properties := value.get("properties"), dict):
        plain["required"] = [name for name in value.get("required", ()) if not _may_be_null(properties[name])]
    return plain


_IGNORED = frozenset({"additionalProperties", "default", "enum", "maximum", "minimum", "pattern", "prefixItems"})
"""Constraints that the mock checks, and that would make the clients longer."""


def _may_be_null(schema: Mapping[str, Any]) -> bool:
    return _NULL in schema.get("anyOf", ()) or "null" in schema.get("type", ())


def _jar() -> Path:
    spec = find_spec("openapi_generator_cli")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("openapi-generator-cli is not installed: make installs it with the extra dev")
    return Path(spec.submodule_search_locations[0]) / "openapi-generator.jar"


if __name__ == "__main__":
    for language, output in OUTPUTS.items():
        output.write_text(generated(language), "utf-8")
