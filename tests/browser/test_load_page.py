"""The HTML report of an event: on phone and desktop, light and dark, for assistive technology and print."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from accessibility import is_accessible
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.slow

SAMPLES = Path(__file__).parent.parent / "load" / "load_report_samples.py"


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pages")
    subprocess.run([sys.executable, SAMPLES, folder], check=True)
    return folder


@pytest.mark.parametrize("name", ["bad", "hostile", "invalid", "forecast", "hostile-forecast", "magnitudes"])
def test_the_page_of_an_event_fits_and_is_accessible(page: Page, pages: Path, name: str) -> None:
    page.goto((pages / f"{name}.html").as_uri())
    for width in (360, 1280):
        page.set_viewport_size({"width": width, "height": 740})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        is_accessible(page, width)


def test_charts_are_drawn_and_described(page: Page, pages: Path) -> None:
    page.goto((pages / "bad.html").as_uri())
    expect(page.get_by_role("heading", level=1)).to_contain_text("Violated")
    drawn = page.get_by_role("img", name="Calls to Adobe Pass over 60 s: ")
    expect(drawn).to_be_visible()
    assert drawn.locator("path.area").count() == 3
    assert drawn.locator("path.area").first.evaluate("path => path.getBBox().height") > 50


@pytest.mark.parametrize("name", ["magnitudes", "bad", "forecast"])
def test_no_text_of_a_chart_is_cut(page: Page, pages: Path, name: str) -> None:
    page.goto((pages / f"{name}.html").as_uri())
    texts = page.locator(".chart svg[role=img] text")
    assert texts.count() > 20
    cut = texts.evaluate_all(
        """texts => texts.filter(text => {
            const box = text.getBBox(), area = text.ownerSVGElement.viewBox.baseVal;
            return box.x < 0 || box.y < 0 || box.x + box.width > area.width || box.y + box.height > area.height;
        }).map(text => text.textContent)"""
    )
    assert cut == []


def test_the_error_band_is_drawn_and_described(page: Page, pages: Path) -> None:
    page.goto((pages / "forecast.html").as_uri())
    drawn = page.get_by_role("img", name="Error band of all calls over 60 s: forecast maximum ")
    expect(drawn).to_have_accessible_name(re.compile(r"error band \(90%\) [\d,]+ to [\d,]+ per second at the peak$"))
    band, line = (
        drawn.locator(f"path.{style}").evaluate("path => path.getBBox().height") for style in ("range", "line")
    )
    assert band > line > 50
    assert drawn.locator("path.range").evaluate("path => getComputedStyle(path).fillOpacity") == "0.25"
    expect(page.get_by_text("Error band of the peak (90%): ")).to_be_visible()


@pytest.mark.parametrize("name", ["hostile", "hostile-forecast"])
def test_the_page_of_an_event_loads_nothing(page: Page, pages: Path, name: str) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto((pages / f"{name}.html").as_uri())
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    assert page.locator("img:not(svg)").count() == 0


def test_a_forecast_shows_the_service_with_and_without_its_defects(page: Page, pages: Path) -> None:
    page.goto((pages / "forecast.html").as_uri())
    expect(page.get_by_role("heading", level=1)).to_contain_text("calls per second at the peak")
    drawn = page.get_by_role("img", name="Calls without each defect over 60 s: ")
    assert drawn.locator("path.line").count() == 4
    expect(page.get_by_role("heading", name="Throttled by household")).to_be_visible()
    expect(page.get_by_text("which a forecast does not distinguish")).to_be_visible()


def test_charts_fit_a_printed_page(page: Page, pages: Path) -> None:
    page.goto((pages / "bad.html").as_uri())
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 700, "height": 900})
    assert page.evaluate("document.documentElement.scrollWidth") <= 700
    assert page.locator(".chart svg").first.evaluate("drawn => drawn.getBoundingClientRect().right") <= 700
