"""Logins in the request shapes of public clients of Adobe Pass, with the mock and through the proxy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from tests.real_clients import families
from tests.real_clients.conftest import Place, control
from tests.real_clients.families import Target

pytestmark = pytest.mark.slow
LOGIN = {"dcr.register": 1, "dcr.token": 1, "sessions.create": 1}
EXPECTED: dict[str, tuple[Callable[[Target], None], dict[str, int]]] = {
    "browser extension": (
        families.browser_extension,
        {
            "dcr.register": 2,
            "dcr.token": 2,
            "configuration": 2,
            "sessions.create": 1,
            "profiles.mvpd": 2,
            "profiles.code": 1,
            "profiles": 1,
            "decisions.preauthorize": 1,
            "decisions.authorize": 2,
            "logout": 1,
            "temppass.reset": 1,
        },
    ),
    "video recorder, by profile": (
        families.recorder_by_profile,
        {**LOGIN, "profiles.mvpd": 2, "decisions.preauthorize": 1},
    ),
    "video recorder, by code": (families.recorder_by_code, {**LOGIN, "profiles.code": 3, "decisions.authorize": 2}),
    "video recorder, on trial": (families.recorder_on_trial, {**LOGIN, "profiles.mvpd": 1, "decisions.authorize": 1}),
    "shell script": (
        families.shell_script,
        {"dcr.register": 1, "dcr.token": 1, "temppass.reset": 1, "configuration": 1},
    ),
}
"""By family: the client, and how often it calls each endpoint."""


BROWSER = ("authenticate", "browser.")
"""Beginnings of the ids of endpoints that a browser calls: how often depends on the way to the login page."""


def exchanges(journal: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = control("GET", f"{journal}/_mock/exchanges").json()["exchanges"]
    return found


@pytest.mark.parametrize("name", EXPECTED)
def test_a_family_of_clients_completes_its_flow(name: str, place: Place) -> None:
    run, expected = EXPECTED[name]
    run(Target(place.adobe, control("GET", f"{place.mock}/_mock/software-statement").text))
    for journal in {place.mock, place.journal}:
        seen = [each for each in exchanges(journal) if not each["endpoint"].startswith(BROWSER)]
        assert Counter(each["endpoint"] for each in seen) == expected
        assert {each["status"] for each in seen} <= {200, 201, 204}
