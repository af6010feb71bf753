"""The TV provider's pages: login, cancellation and logout."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from browser_actions import World, sign_in
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.slow


def test_a_login_leads_back_to_the_app_and_gives_the_device_its_profile(world: World, page: Page) -> None:
    device, address = world.login_page()
    page.goto(address)
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in with Optimum")
    expect(page.get_by_role("main")).to_contain_text(device.code)
    assert device.profiles() == {}
    sign_in(page)
    page.wait_for_url(world.app)
    assert list(device.profiles()) == ["Cablevision"]


def test_a_wrong_password_shows_an_error_and_can_be_corrected(world: World, page: Page) -> None:
    device, address = world.login_page()
    page.goto(address)
    sign_in(page, password="wrong")
    expect(page.get_by_role("alert")).to_have_text("The user name or password is wrong. Please try again.")
    expect(page).to_have_title(re.compile("^Error: "))
    expect(page.get_by_label("User name")).to_have_value("viewer")
    password = page.get_by_label("Password")
    expect(password).to_be_focused()
    expect(password).to_have_value("")
    expect(password).to_have_accessible_description(re.compile("is wrong"))
    assert device.profiles() == {}
    password.fill("viewer")
    page.keyboard.press("Enter")
    page.wait_for_url(world.app)
    assert list(device.profiles()) == ["Cablevision"]


def test_a_cancelled_login_leads_back_without_a_profile(world: World, page: Page) -> None:
    device, address = world.login_page()
    page.goto(address)
    page.get_by_role("button", name="Cancel").click()
    page.wait_for_url(world.app)
    assert device.profiles() == {}


def test_empty_fields_are_not_sent(world: World, page: Page) -> None:
    _, address = world.login_page()
    page.goto(address)
    before = len(world.calls())
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_label("User name")).to_be_focused()
    assert len(world.calls()) == before


@pytest.mark.parametrize("password", ["viewer", "wrong"])
def test_the_saml_request_form_is_submitted_by_script(world: World, page: Page, password: str) -> None:
    device, address = world.login_page("apassidp")
    page.goto(address)
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("Sign in with"))
    assert ("authenticate", 200) in world.calls()
    assert world.calls()[-1] == ("browser.login", 200)
    sign_in(page, password=password)
    if password == "wrong":
        expect(page.get_by_role("alert")).to_be_visible()
        sign_in(page)
    page.wait_for_url(world.app)
    assert list(device.profiles()) == ["apassidp"]


def test_the_saml_request_form_can_be_submitted_without_scripts(world: World, open_page: Callable[..., Page]) -> None:
    page = open_page(java_script_enabled=False)
    _, address = world.login_page("apassidp")
    page.goto(address)
    page.get_by_role("button", name="Continue").click()
    sign_in(page)
    page.wait_for_url(world.app)


def test_home_based_authentication_shows_no_login_page(world: World, page: Page) -> None:
    device, address = world.login_page("Spectrum", ip="192.0.2.44")
    page.goto(address)
    page.wait_for_url(world.app)
    assert list(device.profiles()) == ["Spectrum"]


def test_outside_the_home_network_the_provider_shows_its_login_page(world: World, page: Page) -> None:
    device, address = world.login_page("Spectrum")
    page.goto(address)
    expect(page.get_by_label("Password")).to_be_visible()
    assert device.profiles() == {}


@pytest.mark.parametrize("mvpd", ["Cablevision", "Comcast_SSO", "apassidp"])
def test_the_provider_remembers_the_browser_until_its_logout_page(world: World, page: Page, mvpd: str) -> None:
    _, address = world.login_page(mvpd)
    page.goto(address)
    sign_in(page)
    page.wait_for_url(world.app)
    device, address = world.login_page(mvpd)
    page.goto(address)
    page.wait_for_url(world.app)
    assert list(device.profiles()) == [mvpd]
    page.goto(world.logout_page(mso_id=mvpd, redirect_url=world.app))
    page.wait_for_url(world.app)
    _, address = world.login_page(mvpd)
    page.goto(address)
    expect(page.get_by_label("Password")).to_be_visible()


def test_a_login_works_by_keyboard_only(world: World, page: Page) -> None:
    device, address = world.login_page()
    page.goto(address)
    expect(page.get_by_label("User name")).to_be_focused()
    page.keyboard.type("viewer")
    page.keyboard.press("Tab")
    page.keyboard.type("viewer")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Sign in")).to_be_focused()
    focus = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert focus == "solid"
    page.keyboard.press("Enter")
    page.wait_for_url(world.app)
    assert list(device.profiles()) == ["Cablevision"]


def test_any_browser_can_log_in_while_the_code_is_valid(world: World, page: Page) -> None:
    device, address = world.login_page()
    page.goto(address)
    device.start_session(mvpd="Cablevision", domainName="adobe.com", redirectUrl=world.app)
    sign_in(page)
    expect(page.get_by_role("alert")).to_have_text(re.compile("Start again on your device"))


def test_a_logout_leads_back_to_the_app(world: World, page: Page) -> None:
    device, address = world.login_page()
    page.goto(address)
    sign_in(page)
    page.wait_for_url(world.app)
    answer = world.http.get(
        "/api/v2/REF30/logout/Cablevision", params={"redirectUrl": world.app}, headers=device.headers
    ).json()
    address = answer["logouts"]["Cablevision"]["url"]
    page.goto(address if address.startswith("http") else world.url.split("/~")[0] + address)
    page.wait_for_url(world.app)
    assert ("browser.mvpd-logout", 302) in world.calls()
