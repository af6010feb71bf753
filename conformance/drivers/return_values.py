"""Validation of the returns of Python and command drivers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from pass_harness.conformance.drivers.http_verbs import (
    IncompleteAnswer,
    excerpt,
    missing_returns,
    normalized_returns,
)
from pass_harness.conformance.service_toml.service_config import States
from pass_harness.conformance.verbs import VERBS, type_of_return
from pass_harness.mock_server.formats.toml_file import nearest


class InvalidReturn(Exception):
    """A value that a verb cannot return: an error of the driver, not of the service. The message explains it."""


def validated_returns(
    states: States, verb: str, returned: object, declared: frozenset[str] = frozenset()
) -> dict[str, Any]:
    """Return the returns of a verb, normalized; a ``declared`` one that is missing is None.

    Raises `InvalidReturn` for an unknown return or a wrong type, `IncompleteAnswer` for a missing required return.
    """
    if returned is None:
        returned = {}
    if not isinstance(returned, Mapping):
        raise InvalidReturn(f"the verb {verb} returns an object, not {_shown(returned)}")
    known = VERBS[verb]
    for name, value in returned.items():
        if name not in known.returns:
            remedy = nearest(str(name), known.returns) if known.returns else "it returns nothing"
            raise InvalidReturn(f'the verb {verb} has no return "{name}"; {remedy}')
        wanted = (
            "a list of ids" if name in known.lists and not _is_list_of_ids(value) else type_of_return(name, value)
        )
        if wanted is not None:
            raise InvalidReturn(f"{name} of the verb {verb} is {wanted}, not {_shown(value)}")
    found = normalized_returns(states, {**dict.fromkeys(sorted(declared)), **returned})
    if lacks := missing_returns(verb, found):
        shown = excerpt(msgspec.json.encode(found))
        sentence = f"the answer has no {' and '.join(lacks)}: the driver returned {shown}"
        raise IncompleteAnswer(sentence, returned=found, lacks=lacks)
    return found


def _is_list_of_ids(value: object) -> bool:
    return value is None or (isinstance(value, list | tuple) and all(isinstance(item, str) for item in value))


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:80] + "…"
