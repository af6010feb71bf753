"""Writes the pictures of the docs, docs/pictures: `python tests/browser/pictures.py [NAME…]`.

All of them show real runs, a real event and a real browser. Together they take about three minutes.
"""

from __future__ import annotations

import io
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import chromium
import click
from browser_actions import World, serving, sign_in, type_code
from dashboard_actions import open_dashboard
from dashboard_traffic import evening
from PIL import Image
from playwright.sync_api import Browser, FloatRect, Locator, Page, sync_playwright

FOLDER = Path(__file__).parents[2] / "docs" / "pictures"
PACE = 3.5  # seconds from one call to the next
THEMES = ("light", "dark")
WIDTH, WIDE = 960, 1180
COLOURS = 128
"""Colours of the palette: a page has few, and a palette of these takes a third of the bytes."""
PHONE = {"width": 390, "height": 620}
GAP = 24
MARGIN = 16


def report_violated(browser: Browser) -> None:
    """A violated rule: requirement, remedy, and the polls on a timeline."""
    rule = "authentication.poll-interval"
    with ran("pass-conformance", "demo", "--defect", "poll-every-second", "--select", rule) as folder:
        page = of_report(browser, folder, height=1085)
        page.evaluate("rule => document.getElementById(rule).scrollIntoView()", rule)
        # The link scrolls to evidence in a drawing wider than the window; the picture shows its beginning.
        page.evaluate("document.querySelectorAll('figure *').forEach(part => part.scrollLeft = 0)")
        in_both_themes(page, "report-violated")
        page.set_viewport_size({"width": WIDE, "height": 1085})
        in_both_themes(page, "finding", of=(".finding", ".finding figure"))


def report_passed(browser: Browser) -> None:
    """The head of a report in which every rule passed."""
    with ran("pass-conformance", "demo") as folder:
        save("report-passed", of_report(browser, folder, height=640).screenshot())


def load_report(browser: Browser) -> None:
    """The charts of an event with an incident."""
    with ran("pass-load", "run", "--event", "halftime", "--audience", "150", "--seed", "1") as folder:
        page = of_report(browser, folder, height=1020)
        page.get_by_role("heading", name="The event over time").evaluate("heading => heading.scrollIntoView()")
        save("load-report", page.screenshot())


def forecast(browser: Browser) -> None:
    """A forecast for a million viewers, with and without two flaws."""
    event = ("--event", "finale", "--audience", "1000000", "--seed", "1")
    flaws = ("--defect", "poll-every-second", "--defect", "token-per-device")
    with ran("pass-load", "forecast", *event, *flaws) as folder:
        page = of_report(browser, folder, height=1620)
        page.get_by_role("heading", name="The event over time").evaluate("heading => heading.scrollIntoView()")
        save("forecast", page.screenshot())


def dashboard(browser: Browser) -> None:
    """Lanes of devices, exchanges and findings."""
    with serving() as address, closing(World(f"{address}/~evening")) as world:
        page = browser.new_page(viewport={"width": 1150, "height": 720}, color_scheme="light")
        open_dashboard(page, world)
        evening(world, PACE)
        page.locator(".rule summary").first.click()
        page.wait_for_timeout(2500)
        in_both_themes(page, "dashboard")


def login(browser: Browser) -> None:
    """The second screen and the TV provider's page on a phone, side by side."""
    with serving() as address, closing(World(f"{address}/~evening")) as world:
        device, _ = world.login_page()
        page = browser.new_page(viewport=PHONE, color_scheme="light", device_scale_factor=1)
        page.goto(f"{world.url}/activate")
        shots = [page.screenshot()]
        type_code(page, device.code)
        page.get_by_label("User name").wait_for()
        shots.append(page.screenshot())
        sign_in(page)
    phones = [Image.open(io.BytesIO(shot)) for shot in shots]
    beside = Image.new("RGB", (2 * phones[0].width + GAP, phones[0].height), "#c8ccd4")
    for number, phone in enumerate(phones):
        beside.paste(phone, (number * (phone.width + GAP), 0))
    whole = io.BytesIO()
    beside.save(whole, "PNG")
    save("login", whole.getvalue())


PICTURES: dict[str, Callable[[Browser], None]] = {
    "dashboard": dashboard,
    "forecast": forecast,
    "load-report": load_report,
    "login": login,
    "report-passed": report_passed,
    "report-violated": report_violated,
}


@contextmanager
def ran(command: str, *arguments: str) -> Iterator[Path]:
    """Yield the folder with the report of a command; findings in the report are not an error here."""
    with tempfile.TemporaryDirectory() as folder:
        executable = str(Path(sys.executable).with_name(command))
        called = [executable, *arguments, "--report", "report"]
        subprocess.run(called, cwd=folder, check=False, stdout=subprocess.DEVNULL)
        yield Path(folder)


def of_report(browser: Browser, folder: Path, *, height: int) -> Page:
    page = browser.new_page(viewport={"width": WIDTH, "height": height}, color_scheme="light")
    page.goto((folder / "report" / "report.html").as_uri())
    return page


def in_both_themes(page: Page, name: str, of: tuple[str, str] | None = None) -> None:
    """Save the window, or the page from the first part of its kind to the end of another, in both themes."""
    for theme in THEMES:
        page.emulate_media(color_scheme=theme)
        page.wait_for_timeout(500)  # colours fade from one theme to the other
        clip = None if of is None else area(*(page.locator(part).first for part in of))
        save(f"{name}-{theme}", page.screenshot(full_page=of is not None, clip=clip))


def area(first: Locator, last: Locator) -> FloatRect:
    """Return the area from below the line above the first part to the end of the last."""
    box = "part => { const box = part.getBoundingClientRect(); return [box.left, box.top, box.right, box.bottom] }"
    left, top, right, _ = first.evaluate(box)
    bottom = last.evaluate(box)[3]
    scrolled = first.page.evaluate("scrollY")
    return {
        "x": left - MARGIN,
        "y": top + scrolled + 1,
        "width": right - left + 2 * MARGIN,
        "height": bottom - top + MARGIN,
    }


def save(name: str, picture: bytes) -> None:
    """Write the picture, compressed to a palette."""
    file = FOLDER / f"{name}.png"
    few = Image.open(io.BytesIO(picture)).convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    few.save(file, "PNG", optimize=True)
    click.echo(f"{file.relative_to(FOLDER.parents[1])}: {file.stat().st_size} bytes")


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(sorted(PICTURES)))
def main(names: tuple[str, ...]) -> None:
    executable = chromium.find()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox", "--disable-gpu"])
        for name in names or PICTURES:
            PICTURES[name](browser)
        browser.close()


if __name__ == "__main__":
    main()
