"""The dashboard on phone and desktop, in light and dark, with assistive technology, and against injected markup."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from accessibility import is_accessible
from browser_actions import World
from dashboard_actions import open_dashboard, panel, rows
from dashboard_traffic import SESSION, evening
from playwright.sync_api import Browser, Page, expect

pytestmark = pytest.mark.slow

MARKUP = "\"><img src=x onerror=alert(1)><script>alert(1)</script>'"


def watching(_: World, page: Page) -> None:
    page.get_by_text("Legend").click()
    page.get_by_text("How to filter").click()


def a_finding(_: World, page: Page) -> None:
    panel(page, "Findings").locator(".rule summary").first.click()
    page.get_by_text(re.compile("^Untestable here")).click()


def sessions(_: World, page: Page) -> None:
    expect(panel(page, "Sessions").get_by_role("button", name="Log in").first).to_be_visible()


def behaviours(_: World, page: Page) -> None:
    panel(page, "Behaviours").get_by_text("Add from JSON").click()


def buckets(_: World, page: Page) -> None:
    expect(panel(page, "Rate limit").get_by_role("listitem").first).to_be_visible()


def clock(_: World, page: Page) -> None:
    panel(page, "Clock").get_by_role("button", name="+1m").click()
    expect(page.get_by_text("The clock is advanced by 1m.")).to_be_visible()


def an_exchange(_: World, page: Page) -> None:
    rows(page).last.click()
    expect(page.get_by_role("dialog")).to_contain_text("Response")


def a_question(_: World, page: Page) -> None:
    page.get_by_role("button", name="Reset").click()


@pytest.mark.parametrize(
    "reach", [watching, a_finding, sessions, behaviours, buckets, clock, an_exchange, a_question]
)
def test_it_fits_and_is_accessible(world: World, page: Page, reach: Callable[[World, Page], None]) -> None:
    evening(world)
    open_dashboard(page, world)
    expect(page.locator("#count")).to_have_text("42")
    reach(world, page)
    for width in (360, 1440):
        page.set_viewport_size({"width": width, "height": 900})
        for _ in range(50):  # elements that the page positions move shortly after a resize
            if page.evaluate("document.documentElement.scrollWidth") <= width:
                break
            page.wait_for_timeout(100)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        is_accessible(page, width, reduced_motion="reduce")


@pytest.mark.parametrize("width", [360, 1440])
def test_controls_are_inside_the_page_and_large_enough(world: World, page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    evening(world)
    open_dashboard(page, world)
    for name in ("Findings", "Sessions", "Behaviours", "Rate limit", "Clock"):
        panel(page, name)
        page.wait_for_timeout(200)
        # All in one evaluation, because the page is live and its rows change.
        boxes = page.locator("button:visible, input:visible, select:visible, textarea:visible").evaluate_all(
            "found => found.map(e => [e.outerHTML.slice(0, 80), e.type, ...['x', 'right', 'height']"
            ".map(side => e.getBoundingClientRect()[side])])"
        )
        assert boxes
        for control, kind, left, right, height in boxes:
            assert height >= 24 or kind == "checkbox", control
            assert left >= 0, control
            assert right <= width, control


def test_the_panels_are_reachable_by_keyboard_with_visible_focus(world: World, page: Page) -> None:
    open_dashboard(page, world)
    page.get_by_role("tab", name="Findings").focus()
    for name in ("Sessions", "Behaviours", "Rate limit", "Clock", "Findings"):
        page.keyboard.press("ArrowRight")
        expect(page.get_by_role("tab", name=name)).to_be_focused()
        expect(page.get_by_role("tabpanel", name=name)).to_be_visible()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Tab")
    expect(page.get_by_role("tabpanel", name="Clock")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="+30s")).to_be_focused()
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").filter(has_text="The clock is advanced by 30s.")).to_be_visible()


def test_markup_in_requests_is_escaped(world: World, page: Page) -> None:
    device = world.device("203.0.113.9", name=MARKUP)
    device.headers["User-Agent"] = MARKUP
    device.start_session(**{**SESSION, "domainName": MARKUP}, redirectUrl=world.app)
    device.start_session(**SESSION, redirectUrl=world.app)
    device.poll()
    device.poll()
    world.http.get(f"/{MARKUP}", params={MARKUP: MARKUP})
    device.decide("authorize", MARKUP)
    behaviour = {"match": {"device": MARKUP}, "effect": {"deny": {"details": MARKUP}}}
    world.http.post("/_mock/behaviours", json=behaviour)
    open_dashboard(page, world)
    expect(page.locator("#lanes")).to_contain_text(MARKUP)
    expect(page.get_by_role("grid")).to_contain_text("<img src=x")
    expect(panel(page, "Sessions")).to_contain_text(MARKUP)
    expect(panel(page, "Behaviours")).to_contain_text("<img src=x")
    findings = panel(page, "Findings")
    findings.locator(".rule summary").first.click()
    expect(findings).to_contain_text("<img src=x")
    for row in rows(page).all():
        row.click()
        expect(page.get_by_role("dialog")).to_contain_text("Response")
        page.keyboard.press("Escape")
    assert page.locator("img, script:not([src='dashboard/main.js'])").count() == 0


def test_control_characters_are_shown_escaped(world: World, page: Page) -> None:
    """A bidirectional override would reverse the text that follows it."""
    reversing = "a\u202ecod\x9b\u200f"
    device = world.device("203.0.113.9", name=f"box {reversing}")
    device.start_session(**{**SESSION, "domainName": reversing}, redirectUrl=world.app)
    world.http.get(f"/{reversing}")
    open_dashboard(page, world)
    expect(page.get_by_role("grid")).to_contain_text("/a\\u202ecod\\u009b\\u200f")
    for row in rows(page).all():
        row.click()
        expect(page.get_by_role("dialog")).to_contain_text("Response")
        assert re.search("[\u202e\u200f\x9b]", page.locator("body").inner_text()) is None
        page.keyboard.press("Escape")


def test_markup_in_headers_is_escaped(world: World, page: Page) -> None:
    """The rate limit accepts any X-Forwarded-For as an address."""
    world.http.post("/_mock/behaviours", json={"effect": {"throttle": {"rate": 0.01, "burst": 1}}})
    headers = {"X-Forwarded-For": MARKUP, "Cookie": MARKUP, "X-Markup": MARKUP, "User-Agent": MARKUP}
    world.http.get("/api/v2/REF30/profiles", headers=headers)
    open_dashboard(page, world)
    expect(panel(page, "Rate limit")).to_contain_text(MARKUP)
    rows(page).last.click()
    expect(page.get_by_role("dialog")).to_contain_text(MARKUP)
    assert page.locator("img, script:not([src='dashboard/main.js'])").count() == 0


def test_the_content_security_policy_blocks_injected_scripts(world: World, browser: Browser) -> None:
    """Second defence: the content security policy. The first is that the page escapes every value."""
    page = browser.new_page()
    page.goto(f"{world.url}/_mock/")
    blocked = page.evaluate(
        """async () => {
            const blocked = [];
            document.addEventListener('securitypolicyviolation', event => blocked.push(event.effectiveDirective));
            try { document.body.innerHTML = '<b>in</b>'; } catch { blocked.push('innerHTML'); }
            const image = document.createElement('img');
            image.src = 'https://example.invalid/';
            document.body.append(image);
            await new Promise(done => setTimeout(done, 200));
            return [document.querySelector('b') === null, ...blocked];
        }"""
    )
    page.close()
    assert blocked[0] is True
    assert {"innerHTML", "require-trusted-types-for", "img-src"} <= set(blocked[1:])


def test_nothing_is_loaded_from_other_hosts(world: World, page: Page) -> None:
    asked: set[str] = set()
    page.on("request", lambda request: asked.add(urlsplit(request.url).netloc))
    evening(world)
    open_dashboard(page, world)
    for name in ("Sessions", "Behaviours", "Rate limit", "Clock"):
        panel(page, name)
    assert asked == {urlsplit(world.url).netloc}
