"""The path tree finds the same endpoint and parameters as Starlette's router."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.routing import Match, Route

from pass_harness.mock_server.gateway.path_tree import PathTree
from pass_harness.mock_server.routes import ENDPOINTS

TEMPLATES = sorted({path for endpoint in ENDPOINTS for path in (endpoint.path, *endpoint.also)})
TREE = PathTree((template, template) for template in TEMPLATES)
WORDS = sorted(
    {segment for template in TEMPLATES for segment in template.split("/")} | {"REF30", "x", "", "{code}", "é"}
)


async def _nothing(*_: object) -> None:
    return None


ROUTES = [Route(template, _nothing) for template in TEMPLATES]


def by_starlette(path: str) -> dict[str, dict[str, str]]:
    """Return every template that matches, with its parameters."""
    found = {}
    for route in ROUTES:
        match, scope = route.matches({"type": "http", "path": path, "method": "GET", "root_path": ""})
        if match is not Match.NONE:
            found[route.path] = scope["path_params"]
    return found


@given(st.lists(st.sampled_from(WORDS), max_size=8))
def test_the_tree_agrees_with_starlette(segments: list[str]) -> None:
    path = "/" + "/".join(segments)
    fitting = by_starlette(path)
    found = TREE.find(path)
    assert (found is None) == (fitting == {})
    if found is not None:
        template, parameters = found
        assert fitting[template] == parameters
        literals = {t: [s for s in t.split("/") if not s.startswith("{")] for t in fitting}
        assert len(literals[template]) == max(len(found_literals) for found_literals in literals.values())


@pytest.mark.parametrize("template", TEMPLATES)
def test_every_endpoint_is_found_by_its_own_path(template: str) -> None:
    path = template.replace("{", "").replace("}", "")
    found = TREE.find(path)
    assert found is not None
    assert found[0] == template


def test_two_endpoints_cannot_share_a_path() -> None:
    with pytest.raises(ValueError, match="two endpoints"):
        PathTree([("/a/{b}", 1), ("/a/{c}", 2)])
