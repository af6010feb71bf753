"""The second screen: the page on which a viewer types the code that the TV shows."""

from __future__ import annotations

import re

import pytest
from browser_actions import LONG_NAME, World, sign_in, type_code
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.slow


def test_a_code_a_provider_and_a_login_activate_the_device(world: World, page: Page) -> None:
    device = world.device()
    assert device.start_session() == ""
    page.goto(f"{world.url}/activate")
    type_code(page, device.code)
    expect(page.get_by_role("heading", level=1)).to_have_text("Choose your TV provider")
    page.get_by_label("TV provider").select_option("Optimum")
    page.get_by_role("button", name="Continue").click()
    sign_in(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("Your device is activated")
    expect(page.get_by_role("main")).to_contain_text("You are signed in with Optimum")
    assert list(device.profiles()) == ["Cablevision"]


def test_a_code_with_a_provider_leads_straight_to_the_login(world: World, page: Page) -> None:
    device = world.device()
    device.start_session(mvpd="Cablevision")
    page.goto(f"{world.url}/activate")
    type_code(page, f" {device.code[:3].lower()}-{device.code[3:].lower()} ")
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in with Optimum")


def test_a_complete_session_keeps_its_redirect_url(world: World, page: Page) -> None:
    device, _ = world.login_page()
    page.goto(f"{world.url}/activate?code={device.code}")
    page.get_by_role("button", name="Continue").click()
    sign_in(page)
    page.wait_for_url(world.app)


def test_providers_are_offered_as_the_app_would(world: World, page: Page) -> None:
    world.http.put("/_mock/integrations/REF30/Dish", json={"enabled": False})
    device = world.device()
    device.start_session()
    page.goto(f"{world.url}/activate")
    type_code(page, device.code)
    names = page.get_by_label("TV provider").locator("option").all_text_contents()[1:]
    assert "Optimum" in names
    assert not [name for name in names if name.startswith(("Temp", "DISH"))]
    assert names == sorted(names, key=str.lower)


def test_a_wrong_code_shows_the_remedy(world: World, page: Page) -> None:
    page.goto(f"{world.url}/activate")
    type_code(page, "WRONG00")
    expect(page.get_by_role("alert")).to_have_text(
        "This code does not exist. Compare it with the code that your device shows."
    )
    expect(page).to_have_title("Error: Activate your device")
    field = page.get_by_label("Code")
    expect(field).to_be_focused()
    expect(field).to_have_value("WRONG00")
    expect(field).to_have_accessible_description(re.compile("does not exist"))
    device = world.device()
    device.start_session(mvpd="Cablevision")
    type_code(page, device.code)
    expect(page.get_by_label("User name")).to_be_visible()


@pytest.mark.parametrize("how", ["expired", "replaced"])
def test_an_expired_code_shows_the_remedy(world: World, page: Page, how: str) -> None:
    device = world.device()
    device.start_session(mvpd="Cablevision")
    old = device.code
    if how == "expired":
        world.http.post("/_mock/clock", json={"advance": "31m"})
    else:
        device.start_session(mvpd="Cablevision")
    page.goto(f"{world.url}/activate")
    type_code(page, old)
    expect(page.get_by_role("alert")).to_have_text(
        "This code is no longer valid. Get a new one on your device and enter that."
    )


def test_a_disabled_provider_shows_the_remedy(world: World, page: Page) -> None:
    device = world.device()
    device.start_session()
    page.goto(f"{world.url}/activate")
    type_code(page, device.code)
    world.http.put("/_mock/integrations/REF30/Cablevision", json={"enabled": False})
    page.get_by_label("TV provider").select_option("Optimum")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("alert")).to_have_text("This TV provider cannot be used here. Choose another one.")
    expect(page.get_by_label("TV provider")).to_be_focused()
    page.get_by_label("TV provider").select_option("Spectrum")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("Sign in with"))


def test_a_cancelled_login_is_not_shown_as_a_success(world: World, page: Page) -> None:
    device = world.device()
    device.start_session(mvpd="Cablevision")
    page.goto(f"{world.url}/activate")
    type_code(page, device.code)
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your device is not activated yet")
    page.get_by_role("link", name="Enter the code again").click()
    expect(page.get_by_label("Code")).to_have_value(device.code)
    assert device.profiles() == {}


def test_a_device_that_is_signed_in_already_needs_no_login(world: World, page: Page) -> None:
    device = world.device()
    device.start_session()
    world.http.post(
        "/_mock/behaviours", json={"match": {"mvpd": "Cablevision"}, "effect": {"degradation": "AuthNAll"}}
    )
    page.goto(f"{world.url}/activate")
    type_code(page, device.code)
    page.get_by_label("TV provider").select_option("Optimum")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your device is activated")


def test_the_page_works_by_keyboard_only(world: World, page: Page) -> None:
    device = world.device()
    device.start_session()
    page.goto(f"{world.url}/activate")
    expect(page.get_by_label("Code", exact=True)).to_be_focused()
    page.keyboard.type(device.code)
    page.keyboard.press("Enter")
    expect(page.get_by_label("TV provider")).to_be_focused()
    page.keyboard.type("Opti")
    expect(page.get_by_label("TV provider")).to_have_value("Cablevision")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_label("User name")).to_be_focused()
    page.keyboard.type("viewer")
    page.keyboard.press("Tab")
    page.keyboard.type("viewer")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Your device is activated")


def test_the_page_does_not_count_as_a_call_to_adobe_pass(world: World, page: Page) -> None:
    """It needs no token, and the journal has its requests under ids that no rule reads."""
    device = world.device(application="long", provider="LONG")
    device.start_session()
    before = len(world.calls())
    page.goto(f"{world.url}/activate")
    type_code(page, device.code)
    expect(page.get_by_label("TV provider")).to_contain_text(LONG_NAME)
    assert world.calls()[before:] == [("browser.activate-form", 200), ("browser.activate", 200)]
