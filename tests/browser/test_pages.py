"""Every page on phone and desktop, in light and dark, with assistive technology, and against injected markup."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlencode

import pytest
from accessibility import is_accessible
from browser_actions import World, sign_in, type_code
from playwright.sync_api import Browser, Page, expect

pytestmark = pytest.mark.slow

MARKUP = '"><img src=x onerror=alert(1)><script>alert(1)</script>'


def login(world: World, page: Page) -> None:
    page.goto(world.login_page()[1])


def login_refused(world: World, page: Page) -> None:
    login(world, page)
    sign_in(page, password="wrong")
    expect(page.get_by_role("alert")).to_be_visible()


def login_with_a_long_name(world: World, page: Page) -> None:
    device = world.device(application="long", provider="LONG")
    page.goto(device.start_session(mvpd="Long", domainName="example.com", redirectUrl=world.app))


def on_to_the_provider(world: World, page: Page) -> None:
    page.route("**/mvpd/**", lambda route: route.fulfill(status=204))
    page.goto(world.login_page("apassidp")[1], wait_until="commit")
    expect(page.get_by_role("button", name="Continue")).to_be_visible()


def code(world: World, page: Page) -> None:
    page.goto(f"{world.url}/activate")


def code_refused(world: World, page: Page) -> None:
    code(world, page)
    type_code(page, "WRONG" * 20)
    expect(page.get_by_role("alert")).to_be_visible()


def provider(world: World, page: Page) -> None:
    device = world.device(application="long", provider="LONG")
    device.start_session()
    code(world, page)
    type_code(page, device.code)
    expect(page.get_by_label("TV provider")).to_be_visible()


def activated(world: World, page: Page) -> None:
    device = world.device()
    device.start_session(mvpd="Cablevision")
    code(world, page)
    type_code(page, device.code)
    sign_in(page)
    expect(page.get_by_role("heading", name="Your device is activated")).to_be_visible()


def not_activated(world: World, page: Page) -> None:
    page.goto(f"{world.url}/activate/done?code=WRONG00")


def landed(world: World, page: Page) -> None:
    page.goto(f"{world.url}/activate/done")
    expect(page.get_by_role("heading", name="Continue on your device")).to_be_visible()


def signed_out(world: World, page: Page) -> None:
    page.goto(world.logout_page())


def error(world: World, page: Page) -> None:
    page.goto(f"{world.url}/mvpd/Cablevision/login?requestor_id=REF30&code=WRONG00")


PAGES = [
    login,
    login_refused,
    login_with_a_long_name,
    on_to_the_provider,
    code,
    code_refused,
    provider,
    activated,
    not_activated,
    landed,
    signed_out,
    error,
]


@pytest.mark.parametrize("reach", PAGES)
def test_pages_fit_and_are_accessible(world: World, page: Page, reach: Callable[[World, Page], None]) -> None:
    reach(world, page)
    assert page.locator("h1").count() == 1
    for width in (360, 1280):
        page.set_viewport_size({"width": width, "height": 740})
        fits(page, width)
        is_accessible(page, width)


def fits(page: Page, width: int) -> None:
    """Assert no horizontal scrolling, and controls inside the page with the target size of WCAG 2.2."""
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for target in page.locator("button, input:not([type=hidden]), select").all():
        box = target.bounding_box()
        assert box is not None
        assert box["height"] >= 24
        assert box["x"] + box["width"] <= width


def unharmed(page: Page) -> None:
    """Assert that markup created no element; the fixture checks at the end that no script ran."""
    assert page.locator("img, script").count() == 0


def test_markup_in_a_code_is_escaped(world: World, page: Page) -> None:
    page.goto(f"{world.url}/activate?{urlencode({'code': MARKUP})}")
    unharmed(page)
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("alert")).to_be_visible()
    unharmed(page)
    page.goto(f"{world.url}/activate/done?{urlencode({'code': MARKUP})}")
    unharmed(page)


def test_markup_in_a_user_name_is_escaped(world: World, page: Page) -> None:
    page.goto(world.login_page()[1])
    sign_in(page, username=MARKUP, password=MARKUP)
    expect(page.get_by_label("User name")).to_have_value(MARKUP)
    unharmed(page)


def test_markup_in_a_providers_name_is_escaped(world: World, page: Page) -> None:
    login_with_a_long_name(world, page)
    expect(page.get_by_role("heading", level=1)).to_contain_text("<b>&</b>")
    assert page.locator("b").count() == 0


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,<script>alert(1)</script>"]
)
def test_a_logout_never_leads_to_javascript(world: World, page: Page, url: str) -> None:
    page.goto(world.logout_page(redirect_url=url))
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert page.get_by_role("link").count() == 0
    refused = world.http.post(
        "/api/v2/REF30/sessions",
        headers=world.device().headers,
        data={"mvpd": "Cablevision", "domainName": "adobe.com", "redirectUrl": url},
    )
    assert (refused.status_code, refused.json()["code"]) == (400, "invalid_parameter_redirect_url")


def test_markup_in_a_redirect_is_escaped(world: World, page: Page) -> None:
    stored = world.device().start_session(
        mvpd="Cablevision",
        domainName='a"><script>alert(1)</script>',
        redirectUrl=f"{world.app}?{MARKUP.replace(' ', '+')}",
    )
    page.goto(stored)
    unharmed(page)
    page.get_by_role("button", name="Cancel").click()
    page.wait_for_url(f"{world.app}?**")


@pytest.mark.parametrize("query", [{"mso_id": MARKUP}, {"mso_id": "", "redirect_url": MARKUP}])
def test_markup_in_a_malformed_address_is_escaped(world: World, page: Page, query: dict[str, str]) -> None:
    page.goto(world.logout_page(**query))
    expect(page.get_by_role("alert")).to_be_visible()
    unharmed(page)


def test_the_content_security_policy_blocks_injected_scripts(world: World, browser: Browser) -> None:
    """Second defence: the content security policy of the pages. The first is that they escape every value."""
    page = browser.new_page()
    page.goto(f"{world.url}/activate")
    page.evaluate(
        """() => {
            const note = event => { window.blocked = event.violatedDirective };
            document.addEventListener('securitypolicyviolation', note);
            const script = document.createElement('script');
            script.textContent = 'window.ran = true';
            document.body.append(script);
        }"""
    )
    page.wait_for_function("window.blocked")
    assert page.evaluate("[window.blocked, window.ran]") == ["script-src-elem", None]
    page.close()
