"""Makes the picture of the dashboard that the docs show; run as a script."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import chromium
import click
from browser_bench import World, serving
from dashboard_bench import open_dashboard
from dashboard_traffic import evening
from playwright.sync_api import sync_playwright

PICTURE = Path(__file__).parents[2] / "docs" / "reference" / "dashboard.png"
PACE = 3.5  # seconds from one call to the next


def main() -> None:
    executable = chromium.find()
    with serving() as address, closing(World(f"{address}/~evening")) as world, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1150, "height": 720}, color_scheme="light")
        open_dashboard(page, world)
        evening(world, PACE)
        page.locator(".rule summary").first.click()
        page.wait_for_timeout(2500)
        page.screenshot(path=PICTURE)
        browser.close()
    click.echo(f"{PICTURE}: {PICTURE.stat().st_size} bytes")


if __name__ == "__main__":
    main()
