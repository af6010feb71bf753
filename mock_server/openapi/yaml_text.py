"""YAML as plain data of JSON, in which many OpenAPI documents are written."""

from __future__ import annotations

import yaml


class _Loader(yaml.SafeLoader):
    """The safe loader, to which dates are texts, as they are in JSON."""

    yaml_implicit_resolvers = {  # noqa: RUF012 (as the base class has it)
        first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


def read_yaml(content: bytes) -> object:
    """What the document holds; ValueError for what is no YAML."""
    try:
        return _with_text_keys(yaml.load(content, _Loader))  # noqa: S506 (the safe loader, with one type less)
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from error


def _with_text_keys(value: object) -> object:
    """As JSON has it: a status of a response is often written as a number."""
    if isinstance(value, dict):
        return {str(key): _with_text_keys(member) for key, member in value.items()}
    return [_with_text_keys(item) for item in value] if isinstance(value, list) else value
