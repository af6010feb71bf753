"""YAML as plain data of JSON, in which many OpenAPI documents are written."""

from __future__ import annotations

from collections.abc import Iterator

import yaml

MOST_VALUES = 1_000_000


class _Loader(yaml.SafeLoader):
    """The safe loader, to which dates are texts, as they are in JSON."""

    yaml_implicit_resolvers = {  # noqa: RUF012 (as the base class has it)
        first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


def read_yaml(content: bytes) -> object:
    """What the document holds; ValueError for what is no YAML."""
    try:
        return _as_json(yaml.load(content, _Loader), iter(range(MOST_VALUES)))  # noqa: S506 (the safe loader, with one type less)
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from error


def _as_json(value: object, left: Iterator[int]) -> object:
    """As JSON has it: keys are texts, though a status of a response is often written as a number; no aliases.

    ValueError where there are more values than ``left`` counts: a few aliases of aliases stand for millions.
    """
    if next(left, None) is None:
        raise ValueError(f"it has more than {MOST_VALUES} values, its aliases written out")
    if isinstance(value, dict):
        return {str(key): _as_json(member, left) for key, member in value.items()}
    return [_as_json(item, left) for item in value] if isinstance(value, list) else value
