"""The path tree finds the same endpoint and parameters as Starlette's router."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

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


def routes(templates: Sequence[str]) -> list[Route]:
    return [Route(template, _nothing) for template in templates]


ROUTES = routes(TEMPLATES)


def by_starlette(path: str, routes: Sequence[Route] = ROUTES) -> dict[str, dict[str, str]]:
    """Return every template that matches, with its parameters."""
    found = {}
    for route in routes:
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


def test_a_literal_that_leads_nowhere_is_tried_again_as_a_parameter() -> None:
    templates = ("/a/b/c", "/a/{one}/d", "/{one}/b/e", "/{one}/{two}/e/{three}", "/a/{one}/e/d")
    tree, routed = PathTree((template, template) for template in templates), routes(templates)
    several = 0
    for depth in range(1, 6):
        for segments in product("abcdex", repeat=depth):
            path = "/" + "/".join(segments)
            fitting = by_starlette(path, routed)
            found = tree.find(path)
            assert (found is None) == (not fitting), path
            if found is not None:
                assert fitting[found[0]] == found[1], path
                # The first segment at which two templates differ decides: a literal goes before a parameter.
                assert found[0] == min(fitting, key=lambda template: [s[0] == "{" for s in template.split("/")[1:]])
                several += len(fitting) > 1
    assert several


def test_two_endpoints_cannot_share_a_path() -> None:
    with pytest.raises(ValueError, match="two endpoints"):
        PathTree([("/a/{b}", 1), ("/a/{c}", 2)])
