"""Accessibility checks of a page in light and dark."""

from __future__ import annotations

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page


def is_accessible(page: Page, width: int, **emulated: str) -> None:
    """Assert that axe-core has no findings on the page in both themes, ``width`` px wide."""
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme, **emulated)  # type: ignore[arg-type]  # words of CSS that Playwright knows
        found = Axe().run(page)
        assert found.violations_count == 0, f"{width} px, {scheme}: {found.generate_report()}"
