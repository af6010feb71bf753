"""The HTML report: on phone and desktop, light and dark, for assistive technology, against injected markup."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from accessibility import is_accessible
from playwright.sync_api import Browser, Page, expect

pytestmark = pytest.mark.slow

SAMPLES = Path(__file__).parent.parent / "conformance" / "report_samples.py"


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pages")
    subprocess.run([sys.executable, SAMPLES, folder], check=True)
    return folder


def open_sample(page: Page, pages: Path, name: str) -> None:
    page.goto((pages / f"{name}.html").as_uri())


@pytest.mark.parametrize("name", ["compliant", "violated", "hostile", "trusting", "history"])
def test_the_page_fits_and_is_accessible(page: Page, pages: Path, name: str) -> None:
    open_sample(page, pages, name)
    page.evaluate("document.querySelectorAll('details').forEach(folded => { folded.open = true })")
    for width in (360, 1280):
        page.set_viewport_size({"width": width, "height": 740})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        is_accessible(page, width)


def test_the_verdict_comes_first_and_leads_to_the_evidence(page: Page, pages: Path) -> None:
    open_sample(page, pages, "violated")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Violated")
    page.get_by_role("link", name="Polls of an authentication code").click()
    rule = page.locator("[id='authentication.poll-interval']")
    expect(rule).to_be_in_viewport()
    expect(rule.get_by_role("img").first).to_be_visible()
    expect(rule.get_by_text("1 s", exact=True).first).to_be_visible()
    expect(rule.get_by_text("Not to scale:").first).to_be_visible()
    rule.get_by_text("Exchange #4: request and response").first.click()
    expect(rule.locator("pre .start").first).to_be_visible()


def test_the_history_says_in_words_what_its_signs_show(page: Page, pages: Path) -> None:
    open_sample(page, pages, "history")
    strips = page.locator(".strip")
    expect(strips.nth(0)).to_have_attribute("aria-label", re.compile("passed, violated 2 times"))
    expect(page.get_by_role("img", name="judged without it, found 2 times")).to_be_visible()
    expect(
        page.get_by_role("img", name=re.compile("^kept 10 times, exceeded 8 times, not measured, exceeded$"))
    ).to_be_visible()
    expect(page.locator(".history .tag").filter(has_text="flickers")).to_be_visible()
    page.set_viewport_size({"width": 360, "height": 740})
    first, last = (
        strips.nth(1).locator("> span").first.bounding_box(),
        strips.nth(1).locator("> span").last.bounding_box(),
    )
    assert first is not None
    assert last is not None
    assert abs(first["y"] - last["y"]) < 1, "the runs stay on one line"


def test_rules_can_be_filtered_by_text_and_verdict(page: Page, pages: Path) -> None:
    open_sample(page, pages, "everything")
    rules = page.locator("[data-rule]:visible")
    everything = rules.count()
    page.get_by_role("searchbox").fill("poll-interval")
    expect(rules).to_have_count(1)
    expect(page.get_by_role("status")).to_have_text(f"1 of {everything} rules")
    page.get_by_role("searchbox").fill("")
    page.get_by_role("checkbox", name="violated").uncheck()
    expect(page.locator(".violated[data-rule]:visible")).to_have_count(0)
    expect(page.locator(".advice[data-rule]:visible")).not_to_have_count(0)


def test_the_search_finds_rules_by_their_findings(page: Page, pages: Path) -> None:
    open_sample(page, pages, "everything")
    everything = page.locator("[data-rule]:visible").count()
    page.keyboard.press("/")
    search, status = page.get_by_role("searchbox"), page.get_by_role("status")
    expect(search).to_be_focused()
    page.keyboard.type("polled again AAAAAAA")
    shown = page.locator("[data-rule]:visible")
    expect(status).to_have_text(f"{shown.count()} of {everything} rules")
    assert 0 < shown.count() < everything
    found = page.locator("[id='authentication.poll-interval'] .finding:visible")
    expect(found.first).to_contain_text("was polled again after")
    expect(found.first).to_have_attribute("open", "")
    search.fill("no such text / anywhere")
    expect(status).to_have_text("No rule or finding matches.")
    expect(shown).to_have_count(0)
    is_accessible(page, 1280)
    page.keyboard.press("Escape")
    expect(search).to_have_value("")
    expect(shown).to_have_count(everything)


def test_advice_is_named_at_the_top_and_is_not_just_green(page: Page, pages: Path) -> None:
    open_sample(page, pages, "trusting")
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_contain_text("with advice from 1 rule")
    expect(heading).to_have_class("advice")
    advice = page.get_by_role("navigation", name="Advice")
    expect(advice).to_contain_text("An attacker on the network path can read client secrets")
    advice.get_by_role("link", name="The service refuses a TLS certificate from an unknown authority").click()
    rule = page.locator("[id='environment.tls-verified']")
    expect(rule).to_be_in_viewport()
    expect(rule).to_contain_text("violated 1 of 1 time")
    expect(rule).to_contain_text("It does not show that the service refuses an expired certificate")
    assert page.title().startswith("Passed, with advice from 1 rule: ")


def test_the_page_is_complete_without_scripts(open_page: Callable[..., Page], pages: Path) -> None:
    page = open_page(java_script_enabled=False)
    open_sample(page, pages, "violated")
    expect(page.get_by_role("searchbox")).to_be_hidden()
    expect(page.locator("svg.timeline").first).to_be_visible()
    page.get_by_text("Send the same requests with curl").first.click()
    expect(page.get_by_text("curl --include").first).to_be_visible()


def test_the_page_loads_nothing(page: Page, pages: Path) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    open_sample(page, pages, "violated")
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []


def test_markup_from_requests_is_escaped(page: Page, pages: Path) -> None:
    """The fixture checks at the end that no script ran: it would have opened a dialog."""
    open_sample(page, pages, "hostile")
    page.evaluate("document.querySelectorAll('details').forEach(folded => { folded.open = true })")
    assert page.locator("img:not(svg)").count() == 0
    assert page.locator("script").count() == 1
    assert page.title().startswith('Violated: Adobe Pass conformance of "><img')
    expect(page.get_by_text("<script>alert(1)</script>").first).to_be_visible()


def test_the_content_security_policy_blocks_injected_scripts(browser: Browser, pages: Path) -> None:
    """Second defence: the content security policy allows only the page's own script and styles."""
    source = (pages / "violated.html").read_text("utf-8")
    injected = "<script>window.ran = true</script><p onclick='window.ran = true' id='trap'>x</p></main>"
    assert "</main>" in source
    (pages / "injected.html").write_text(source.replace("</main>", injected), "utf-8")
    page = browser.new_page()
    page.add_init_script("addEventListener('securitypolicyviolation', e => { window.blocked = e.violatedDirective })")
    open_sample(page, pages, "injected")
    page.locator("#trap").click()
    assert page.evaluate("[window.ran, window.blocked.startsWith('script-src')]") == [None, True]
    page.close()


def test_all_sections_are_expanded_for_print(page: Page, pages: Path) -> None:
    open_sample(page, pages, "violated")
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("details:not([open])").count() == 0
    expect(page.get_by_role("searchbox")).to_be_hidden()
