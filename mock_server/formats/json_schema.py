"""JSON Schemas of configuration files for editors, generated from the structs that read the files.

The schemas conform to draft 7, which editors support, and have no references, so that every key has a description:
the docstring of the field. Amendments add the constraints that a struct checks in code.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import msgspec
from msgspec import inspect as types

from pass_harness.mock_server.formats.durations import encode_hook

Schema = dict[str, Any]
Amendments = Mapping[tuple[type, str], Mapping[str, Any]]
"""Additional schema members by struct and field; the field "" is the struct itself."""
EXACTLY_ONE = {"minProperties": 1, "maxProperties": 1}


def document(title: str, content: Schema) -> Schema:
    """Return the JSON Schema document of a file with that content."""
    return {"$schema": "http://json-schema.org/draft-07/schema#", "title": title, **content}


def fragment(shape: type[msgspec.Struct], amendments: Amendments) -> Schema:
    """Return the schema of a struct in its configured form."""
    return _Writer(amendments).schema(types.type_info(shape))


def encoded(schema: Schema) -> bytes:
    """Return the schema as indented JSON."""
    return msgspec.json.format(msgspec.json.encode(schema), indent=2) + b"\n"


class _Writer:
    def __init__(self, amendments: Amendments) -> None:
        self._amendments = amendments

    def schema(self, kind: types.Type) -> Schema:
        match kind:
            case types.StructType():
                return self._struct(kind)
            case types.CustomType(cls=cls):
                written_as: Any = getattr(cls, "form")  # noqa: B009 - every type that `decode_hook` reads has one
                return self.schema(types.type_info(written_as))
            case types.UnionType(types=choices):
                written = [self.schema(choice) for choice in choices if not isinstance(choice, types.NoneType)]
                return written[0] if len(written) == 1 else {"anyOf": written}
            case types.DictType(value_type=values):
                return {"type": "object", "additionalProperties": self.schema(values)}
            case types.VarTupleType(item_type=items):
                return _bounded({"type": "array", "items": self.schema(items)}, kind)
            case types.TupleType(item_types=items):
                listed = [self.schema(item) for item in items]
                return {"type": "array", "items": listed, "minItems": len(listed), "maxItems": len(listed)}
            case types.LiteralType(values=values):
                return {"enum": list(values)}
            case types.EnumType(cls=cls):
                return {"enum": [member.value for member in cls]}
            case types.DateType():
                return {"type": "string", "format": "date"}
            case types.AnyType():
                return {}
        return _bounded({"type": _SIMPLE[type(kind)]}, kind)

    def _struct(self, kind: types.StructType) -> Schema:
        docstrings = field_docstrings(kind.cls)
        properties = {}
        for field in kind.fields:
            schema = self.schema(field.type)
            if field.name in docstrings:
                schema["description"] = _plain(docstrings[field.name])
            default = _default(field)
            if isinstance(default, bool | int | float | str) and default != "":
                schema["default"] = default
            properties[field.encode_name] = {**schema, **self._amendments.get((kind.cls, field.name), {})}
        schema = {"type": "object", "description": _plain(kind.cls.__doc__ or ""), "properties": properties}
        if required := [field.encode_name for field in kind.fields if field.required]:
            schema["required"] = required
        if kind.forbid_unknown_fields:
            schema["additionalProperties"] = False
        return {**schema, **self._amendments.get((kind.cls, ""), {})}


_SIMPLE: Mapping[type, str] = {
    types.StrType: "string",
    types.IntType: "integer",
    types.FloatType: "number",
    types.BoolType: "boolean",
}
_BOUNDS = {
    "ge": "minimum",
    "gt": "exclusiveMinimum",
    "le": "maximum",
    "lt": "exclusiveMaximum",
    "pattern": "pattern",
}
_LENGTHS = {"min_length": "minItems", "max_length": "maxItems"}


def _bounded(schema: Schema, kind: types.Type) -> Schema:
    names = _BOUNDS if schema["type"] != "array" else _LENGTHS
    given = {keyword: getattr(kind, name, None) for name, keyword in names.items()}
    return {**schema, **{keyword: value for keyword, value in given.items() if value is not None}}


def _default(field: types.Field) -> Any:  # noqa: ANN401 - a value of JSON
    if field.required:
        return None
    value = field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory()
    return msgspec.to_builtins(value, enc_hook=encode_hook)


def field_docstrings(struct: type[msgspec.Struct]) -> dict[str, str]:
    """Return the docstrings of the fields of a struct and its bases, by name, read from their source."""
    found: dict[str, str] = {}
    for base in reversed(struct.__mro__):
        if not issubclass(base, msgspec.Struct) or base is msgspec.Struct:
            continue
        definition = ast.parse(textwrap.dedent(inspect.getsource(base))).body[0]
        for above, below in pairwise(definition.body if isinstance(definition, ast.ClassDef) else ()):
            match above, below:
                case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                    found[name] = text
    return found


def _plain(text: str) -> str:
    """Return a docstring as one line of Markdown."""
    return " ".join(text.split()).replace("``", "`")
