"""The documentation in a browser, opened from a folder: no other host, readable on a phone, with search."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.documentation.site_build import build

pytestmark = pytest.mark.slow

READ = ("index", "how-to/service", "reference/event-toml")
"""Pages that together have every element, short enough for a fast run of axe-core."""

WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    done = build(folder)
    assert done.returncode == 0, done.stderr
    return folder


def test_pages_need_no_host_and_fit_a_phone(page: Page, site: Path) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.set_viewport_size({"width": 360, "height": 740})
    pages = [file for file in site.rglob("*.html") if file.name != "404.html"]  # which knows no folder that it is in
    assert len(pages) > 60
    for file in pages:
        page.goto(file.as_uri())
        page.wait_for_function("document.documentElement.scrollWidth <= 360")
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_are_accessible(open_page: Callable[..., Page], site: Path, scheme: str) -> None:
    page = open_page(color_scheme=scheme)
    for name in READ:
        page.goto((site / f"{name}.html").as_uri())
        found = Axe().run(page, options={"runOnly": WCAG})
        assert found.violations_count == 0, f"{name}: {found.generate_report()}"


def test_search_works_from_a_folder(page: Page, site: Path) -> None:
    page.goto((site / "reference" / "rules.html").as_uri())
    page.set_viewport_size({"width": 1440, "height": 800})
    page.get_by_placeholder("Search").click()
    page.get_by_placeholder("Search").press_sequentially("stale waiver")
    found = page.locator(".md-search-result__link")
    expect(found.first).to_be_visible()
    found.first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Waivers")
