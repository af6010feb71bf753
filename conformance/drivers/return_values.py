"""What a driver that is no HTTP call returned for a verb, checked and put in the suite's words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pass_harness.conformance.drivers.http_verbs import VerbError, in_suite_words
from pass_harness.conformance.service_toml.service_config import States
from pass_harness.conformance.verbs import VERBS
from pass_harness.mock_server.formats.toml_file import nearest


class Garbage(Exception):
    """What was returned is none of a verb's returns: the driver is wrong, not the service. The sentence says how."""


def understood(states: States, verb: str, returned: object) -> dict[str, Any]:
    """The returns of a verb. `Garbage` for what is not among them, `VerbError` where a required one is missing."""
    if returned is None:
        returned = {}
    if not isinstance(returned, Mapping):
        raise Garbage(f"the verb {verb} returns an object, not {_shown(returned)}")
    known = VERBS[verb]
    for name, value in returned.items():
        if name not in known.returns:
            remedy = nearest(str(name), known.returns) if known.returns else "it returns nothing"
            raise Garbage(f'the verb {verb} has no return "{name}"; {remedy}')
        if name in known.lists and not _is_list_of_ids(value):
            raise Garbage(f"{name} of the verb {verb} is a list of ids, not {_shown(value)}")
    found = in_suite_words(states, {name: value for name, value in returned.items() if value is not None})
    for name in sorted(known.required):
        if name not in found and not (verb == "login" and found.get("state") == "authenticated"):
            raise VerbError(f"the answer has no {name}")
    return found


def _is_list_of_ids(value: object) -> bool:
    return value is None or (isinstance(value, list | tuple) and all(isinstance(item, str) for item in value))


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:80] + "…"
