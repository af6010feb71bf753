"""What every page is held to in both themes."""

from __future__ import annotations

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page


def is_accessible(page: Page, width: int, **emulated: str) -> None:
    """No findings of axe-core, in light and in dark, of the page as it stands ``width`` px wide."""
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme, **emulated)  # type: ignore[arg-type]  # words of CSS that Playwright knows
        found = Axe().run(page)
        assert found.violations_count == 0, f"{width} px, {scheme}: {found.generate_report()}"
