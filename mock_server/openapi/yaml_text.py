"""A YAML reader that returns JSON data, for OpenAPI documents in YAML."""

from __future__ import annotations

from collections.abc import Iterator

import yaml

MAX_VALUES = 1_000_000


class _Loader(yaml.SafeLoader):
    """The safe loader, with dates as strings, as in JSON."""

    yaml_implicit_resolvers = {  # noqa: RUF012 (as the base class has it)
        first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


def read_yaml(content: bytes) -> object:
    """Return the data of a YAML document; ValueError if it is invalid or too large."""
    try:
        return _as_json(yaml.load(content, _Loader), iter(range(MAX_VALUES)))  # noqa: S506 (the safe loader, with one type less)
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from error


def _as_json(value: object, left: Iterator[int]) -> object:
    """Return a value as JSON data: keys become strings (a status is often a number in YAML), aliases are expanded.

    Raises ValueError if there are more values than items in ``left``: a few nested aliases expand to millions.
    """
    if next(left, None) is None:
        raise ValueError(f"it has more than {MAX_VALUES} values, with aliases expanded")
    if isinstance(value, dict):
        return {str(key): _as_json(member, left) for key, member in value.items()}
    return [_as_json(item, left) for item in value] if isinstance(value, list) else value
